#include "bbprompt/report/prediction_table.hpp"

#include <algorithm>
#include <ostream>

#include "report/configured_value.hpp"
#include "report/csv_text.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

std::vector<std::string> all_labels(const Results& results) {
  std::vector<std::string> labels;
  for (const TrialRecord& trial : results.trials) {
    for (const std::string& label : trial.labels) {
      if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
    }
  }
  return labels;
}

// A trial's examples as lines.
class TrialLines {
 public:
  TrialLines(const TrialRecord& trial, const std::vector<std::string>& labels,
             const ReportRequest& request)
      : trial_(trial), request_(request), test_(find_split(trial.best, "test")) {
    const auto gold = trial.gold.find("test");
    if (gold != trial.gold.end()) gold_ = &gold->second;
    const SplitEvaluation* manual = find_split(trial.manual, "test");
    if (manual != nullptr && manual->predicted.size() == num_examples()) manual_ = manual;
    for (const std::string& label : labels) {
      const auto found = std::find(trial.labels.begin(), trial.labels.end(), label);
      label_places_.push_back(static_cast<std::size_t>(found - trial.labels.begin()));
    }
  }

  [[nodiscard]] std::size_t num_examples() const {
    return test_ == nullptr ? 0 : test_->predicted.size();
  }
  [[nodiscard]] bool has_scores() const {
    return test_ != nullptr &&
           static_cast<std::size_t>(test_->label_scores.rows()) == num_examples() &&
           static_cast<std::size_t>(test_->label_scores.cols()) == trial_.labels.size();
  }

  [[nodiscard]] std::string line(std::size_t i, const std::string& start,
                                 const std::vector<std::int64_t>& rows) const {
    const bool has_row = rows.size() == num_examples();
    const bool has_gold = gold_ != nullptr && gold_->size() == num_examples();
    std::vector<std::string> cells{start};
    cells.push_back(has_row ? std::to_string(rows[i]) : "");
    cells.push_back(std::to_string(i + 1));
    cells.push_back(has_gold ? label((*gold_)[i]) : "");
    cells.push_back(label(test_->predicted[i]));
    cells.push_back(!has_gold ? "" : (*gold_)[i] == test_->predicted[i] ? "true" : "false");
    cells.push_back(manual_ == nullptr ? "" : label(manual_->predicted[i]));
    for (const std::size_t place : label_places_) {
      const bool is_known = has_scores() && place < trial_.labels.size();
      cells.push_back(
          is_known ? csv_cell(static_cast<double>(test_->label_scores(
                                  static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(place))),
                              request_)
                   : "");
    }
    return csv_line(cells);
  }

 private:
  [[nodiscard]] std::string text(const std::string& value) const {
    return csv_cell(value, request_);
  }
  [[nodiscard]] std::string label(std::int32_t index) const {
    const bool is_label = index >= 0 && static_cast<std::size_t>(index) < trial_.labels.size();
    return is_label ? text(trial_.labels[static_cast<std::size_t>(index)]) : "";
  }

  const TrialRecord& trial_;
  const ReportRequest& request_;
  const SplitEvaluation* test_;
  const SplitEvaluation* manual_ = nullptr;
  const std::vector<std::int32_t>* gold_ = nullptr;
  std::vector<std::size_t> label_places_;  // of each column in the trial's labels
};

}  // namespace

MissingPredictions write_predictions(const Results& results, const ReportRequest& request,
                                     const TestRowsOf& rows_of, std::ostream& output) {
  const std::vector<std::string> labels = all_labels(results);
  std::vector<std::string> titles{
      "run",     "trial", "task",      "method", "settings",        "seed", "file", "row",
      "example", "gold",  "predicted", "right",  "manual_predicted"};
  for (const std::string& label : labels) titles.push_back(csv_cell("score_" + label, request));
  output << csv_line(titles);
  MissingPredictions missing;
  const TrialVariants variants(results);
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    const TrialRecord& trial = results.trials[i];
    if (trial.state != TrialState::kDone) continue;
    ++missing.num_trials;
    const TrialLines lines(trial, labels, request);
    if (lines.num_examples() == 0) {
      ++missing.num_without_any;
      continue;
    }
    const std::vector<std::int64_t> rows = rows_of(trial);
    missing.num_without_rows += rows.size() == lines.num_examples() ? 0 : 1;
    missing.num_without_scores += lines.has_scores() ? 0 : 1;
    const bool is_known = i < request.run_of_trial.size();
    std::string start;
    for (const std::string& text : {is_known ? request.run_of_trial[i] : results.run.name, trial.id,
                                    trial.task, trial.method, variants.settings(trial)})
      start += csv_cell(text, request) + ',';
    start += std::to_string(trial.seed) + ',';
    start += csv_cell(configured_value(trial, "task.test").value_or(""), request);
    for (std::size_t example = 0; example < lines.num_examples(); ++example)
      output << lines.line(example, start, rows);
  }
  return missing;
}

}  // namespace bbprompt
