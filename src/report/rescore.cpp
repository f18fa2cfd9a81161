#include "bbprompt/report/rescore.hpp"

#include <array>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/task/metric.hpp"
#include "bbprompt/task/objective.hpp"
#include "bbprompt/task/split_score.hpp"
#include "report/configured_value.hpp"
#include "report/ensemble.hpp"
#include "report/scoring_of.hpp"
#include "report/splits.hpp"

namespace bbprompt {
namespace {

RowMatrixXd scores_on(const TrialRecord& trial, const ScoredPrompt& prompt,
                      const std::string& split) {
  const SplitEvaluation* found = find_split(prompt, split);
  if (found == nullptr || found->label_scores.size() == 0) {
    throw Error("trial \"" + printable(trial.id) + "\": expected label scores of " + split +
                ", found none. Runs of older versions have none, and splits of over " +
                std::to_string(kMaxStoredScores) + " scores are kept without; run it again");
  }
  return found->label_scores.cast<double>();
}

RowMatrixXd joined_rows(const RowMatrixXd& first, const RowMatrixXd& second) {
  RowMatrixXd both(first.rows() + second.rows(), first.cols());
  both << first, second;
  return both;
}

Eigen::VectorXd offsets_of(const TrialRecord& trial, const ScoredPrompt& prompt,
                           Recalibration calibration, const RowMatrixXd& scores) {
  switch (calibration) {
    case Recalibration::kAsRun:
    case Recalibration::kNone:
      return Eigen::VectorXd::Zero(scores.cols());
    case Recalibration::kFewShot:
      return label_means(scores_on(trial, prompt, "train"));
    case Recalibration::kTrainDev:
      return label_means(
          joined_rows(scores_on(trial, prompt, "train"), scores_on(trial, prompt, "dev")));
    case Recalibration::kBatch:
      return label_means(scores);
  }
  throw Error("unknown calibration");
}

Objective objective_of(const TrialRecord& trial) {
  ObjectiveOptions options{.kind = parse_objective_kind(trial.objective)};
  const auto margin = configured_value(trial, "objective.margin");
  if (margin) options.margin = std::stod(*margin);
  return Objective(options);
}

// Every split that the prompt has scores of; others are left out, as they are not of this scoring.
void rescore_prompt(const TrialRecord& trial, Recalibration calibration, ScoredPrompt& prompt) {
  if (prompt.splits.empty()) return;
  (void)scores_on(trial, prompt, "test");
  const Objective objective = objective_of(trial);
  std::map<std::string, SplitEvaluation> splits;
  for (const auto& [name, split] : prompt.splits) {
    const auto gold = trial.gold.find(name);
    if (split.label_scores.size() == 0 || gold == trial.gold.end()) continue;
    const RowMatrixXd scores = split.label_scores.cast<double>();
    const Eigen::VectorXd offsets = offsets_of(trial, prompt, calibration, scores);
    splits[name] = split_evaluation(trial, gold->second,
                                    score_split(scores, gold->second, objective, offsets));
    splits[name].label_scores = (scores.rowwise() - offsets.transpose()).cast<float>();
  }
  prompt.splits = std::move(splits);
  if (const SplitEvaluation* train = find_split(prompt, "train")) prompt.fitness = train->loss;
}

Recalibration resolved(const TrialRecord& trial, Recalibration calibration) {
  if (calibration != Recalibration::kAsRun) return calibration;
  return is_calibrated(trial) ? Recalibration::kFewShot : Recalibration::kNone;
}

TrialRecord rescored_trial(const TrialRecord& trial, Recalibration calibration) {
  TrialRecord copy = trial;
  const Recalibration known = resolved(trial, calibration);
  rescore_prompt(trial, known, copy.best);
  rescore_prompt(trial, known, copy.manual);
  copy.config = with_calibration(trial.config, to_string(known));
  return copy;
}

}  // namespace

std::span<const EnumName<Recalibration>> enum_names(Recalibration) {
  static constexpr std::array kNames{
      EnumName{Recalibration::kAsRun, "run"}, EnumName{Recalibration::kNone, "none"},
      EnumName{Recalibration::kFewShot, "few_shot"},
      EnumName{Recalibration::kTrainDev, "train_dev"}, EnumName{Recalibration::kBatch, "batch"}};
  return kNames;
}

Results rescored(const Results& results, const RescoreOptions& options) {
  auto calibrations = options.calibrations;
  if (calibrations.empty()) calibrations.push_back(Recalibration::kAsRun);
  Results all{.run = results.run, .trials = {}};
  for (const Recalibration calibration : calibrations) {
    for (const TrialRecord& trial : results.trials) {
      if (trial.state != TrialState::kDone) continue;
      all.trials.push_back(rescored_trial(trial, calibration));
      if (calibrations.size() == 1) continue;
      const std::string name = to_string(calibration);
      all.trials.back().method += ", " + name;
      all.trials.back().id += "-" + name;
    }
  }
  if (options.ensemble > 0) add_ensembles(all, options.ensemble);
  return all;
}

}  // namespace bbprompt
