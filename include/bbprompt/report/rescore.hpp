#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What is subtracted from the kept label scores of a prompt before its labels are predicted.
enum class Recalibration {
  kAsRun,     // what the run did
  kNone,      // nothing
  kFewShot,   // each label's mean score on the few-shot train split
  kTrainDev,  // the same over train and dev, twice as many rows
  kBatch,     // each label's mean score on the split itself: looks at all test texts (transductive)
};
// "run", "none", "few_shot", "train_dev", "batch".
[[nodiscard]] std::span<const EnumName<Recalibration>> enum_names(Recalibration);

struct RescoreOptions {
  std::vector<Recalibration> calibrations;  // one set of methods each; empty: as the run did
  // Adds to each task and method the ensemble of its so many trials that are best on dev; 0: none.
  int ensemble = 0;
};

// The finished trials with metrics, losses and predictions computed again from their label scores,
// of the best and of the written prompt. The prompts are those that the run chose; their dev and
// test figures are new, and the label scores become the calibrated ones. With several calibrations,
// methods are called "METHOD, CALIBRATION".
//
// An ensemble predicts the label of the largest mean probability (softmax over the labels of the
// calibrated scores), its members with equal weight; it is a trial of the method "METHOD, ensemble
// of K" with its best member's seed and the usage of all members together. Its members were learned
// on the few-shot examples of K seeds. Methods with fewer trials have none.
//
// Nothing is asked. Throws Error for a trial that has no label scores of a split that is needed,
// and UsageError where no method has enough trials for the ensemble.
[[nodiscard]] Results rescored(const Results& results, const RescoreOptions& options);

}  // namespace bbprompt
