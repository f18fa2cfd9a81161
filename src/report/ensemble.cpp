#include "report/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/task/metric.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

using Members = std::vector<const TrialRecord*>;  // of one task and method; best on dev first

// Softmax over the labels of each test row's calibrated scores.
RowMatrixXd test_probabilities(const TrialRecord& trial) {
  RowMatrixXd shares = trial.best.splits.at("test").label_scores.cast<double>();
  for (Eigen::Index row = 0; row < shares.rows(); ++row) {
    shares.row(row) = (shares.row(row).array() - shares.row(row).maxCoeff()).exp();
    shares.row(row) /= shares.row(row).sum();
  }
  return shares;
}

// Mean probabilities to predictions and the cross entropy of the true label.
SplitScore mixed(const Members& members, const std::vector<std::int32_t>& gold) {
  RowMatrixXd sum = test_probabilities(*members.front());
  for (std::size_t i = 1; i < members.size(); ++i) sum += test_probabilities(*members[i]);
  SplitScore score;
  const auto count = static_cast<double>(members.size());
  for (Eigen::Index row = 0; row < sum.rows(); ++row) {
    Eigen::Index most = 0;
    sum.row(row).maxCoeff(&most);
    score.predicted.push_back(static_cast<std::int32_t>(most));
    score.loss -= std::log(sum(row, gold[static_cast<std::size_t>(row)]) / count);
  }
  score.loss /= static_cast<double>(gold.size());
  return score;
}

TrialRecord ensemble_of(const Members& members) {
  TrialRecord trial = *members.front();
  const std::string suffix = "ensemble of " + std::to_string(members.size());
  trial.id += "-ensemble-" + std::to_string(members.size());
  trial.method += ", " + suffix;
  trial.notes.clear();
  trial.generations.clear();
  trial.usage.clear();
  std::string texts;
  for (const TrialRecord* member : members) {
    trial.notes.push_back("member: " + member->id);
    for (const auto& [purpose, usage] : member->usage) trial.usage[purpose] += usage;
    texts += (texts.empty() ? "" : " | ") + member->best.prompt.text;
  }
  trial.best = {};
  trial.best.prompt.kind = members.front()->best.prompt.kind;
  trial.best.prompt.text = texts;
  const std::vector<std::int32_t>& gold = trial.gold.at("test");
  trial.best.splits["test"] = split_evaluation(trial, gold, mixed(members, gold));
  trial.manual = {};
  return trial;
}

struct Group {
  std::string task;
  std::string label;
  std::string metric;
  Members members;
};

std::vector<Group> method_groups(const Results& results) {
  const TrialVariants variants(results);
  std::vector<Group> groups;
  for (const TrialRecord& trial : results.trials) {
    const std::string label = variants.label(trial);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& known) {
      return known.task == trial.task && known.label == label && known.metric == trial.metric;
    });
    if (group == groups.end()) {
      group = groups.insert(group, {trial.task, label, trial.metric, {}});
    }
    group->members.push_back(&trial);
  }
  return groups;
}

// The best on dev, of those whose test rows are the best one's.
void keep_best(Members& members, std::size_t size) {
  std::stable_sort(members.begin(), members.end(),
                   [](const TrialRecord* left, const TrialRecord* right) {
                     return is_better_on_dev(*left, *right);
                   });
  const auto gold = members.front()->gold.at("test");
  std::erase_if(members,
                [&](const TrialRecord* member) { return member->gold.at("test") != gold; });
  if (members.size() > size) members.resize(size);
}

}  // namespace

SplitEvaluation split_evaluation(const TrialRecord& trial, const std::vector<std::int32_t>& gold,
                                 SplitScore score) {
  const auto confusion =
      count_confusion(gold, score.predicted, static_cast<int>(trial.labels.size()));
  return {.metric = metric_value(parse_metric_kind(trial.metric), confusion),
          .accuracy = metric_value(MetricKind::kAccuracy, confusion),
          .loss = score.loss,
          .predicted = std::move(score.predicted)};
}

void add_ensembles(Results& results, int size) {
  std::vector<TrialRecord> ensembles;
  std::size_t most = 0;
  for (Group& group : method_groups(results)) {
    keep_best(group.members, static_cast<std::size_t>(size));
    most = std::max(most, group.members.size());
    if (std::cmp_equal(group.members.size(), size)) ensembles.push_back(ensemble_of(group.members));
  }
  if (ensembles.empty()) {
    throw UsageError(
        "--ensemble: expected a number of trials that a method has on a task, at most " +
        std::to_string(most) + ", found " + std::to_string(size));
  }
  for (TrialRecord& trial : ensembles) results.trials.push_back(std::move(trial));
}

}  // namespace bbprompt
