#pragma once

#include <string>
#include <vector>

#include "bbprompt/task/metric.hpp"
#include "tests/report/sample_run.hpp"

namespace bbprompt::testing {

using LabelList = std::vector<std::int32_t>;

// Gold labels and predictions of one trial on test.
struct Predicted {
  LabelList gold;
  LabelList predicted;
  int num_labels = 2;
  std::string metric = "accuracy";
};

// A finished trial that holds its predictions, without a written prompt; calibrated or not.
inline TrialRecord predicted_trial(const std::string& task, const std::string& method,
                                   std::uint64_t seed, const Predicted& test) {
  TrialRecord trial = sample_trial(task, method, seed, {});
  const auto value = [&](MetricKind metric) {
    return metric_value(metric, count_confusion(test.gold, test.predicted, test.num_labels));
  };
  trial.metric = test.metric;
  trial.labels.clear();
  for (int i = 0; i < test.num_labels; ++i) trial.labels.push_back("label " + std::to_string(i));
  trial.gold["test"] = test.gold;
  trial.best.prompt.kind = PromptRecord::Kind::kDiscrete;
  trial.best.splits["test"] = {.metric = value(parse_metric_kind(test.metric)),
                               .accuracy = value(MetricKind::kAccuracy),
                               .loss = 0.5,
                               .predicted = test.predicted};
  trial.manual = {};
  return trial;
}

// The trial's resolved configuration, as far as scoring goes.
inline void set_calibration(TrialRecord& trial, const std::string& calibration) {
  trial.config =
      "name: sample\nobjective:\n  kind: cross_entropy\nscoring:\n  calibration: " + calibration +
      "\nbudget:\n  evaluations: 100\n";
}

// Predictions that are right on all rows but [begin, end), where they are wrong; two labels.
inline LabelList wrong_on(const LabelList& gold, std::size_t begin, std::size_t end) {
  LabelList predicted = gold;
  for (std::size_t i = begin; i < end; ++i) predicted[i] = 1 - predicted[i];
  return predicted;
}

// Labels 0 and 1 in turns.
inline LabelList alternating(std::size_t num_rows) {
  LabelList gold;
  for (std::size_t i = 0; i < num_rows; ++i) gold.push_back(static_cast<std::int32_t>(i % 2));
  return gold;
}

}  // namespace bbprompt::testing
