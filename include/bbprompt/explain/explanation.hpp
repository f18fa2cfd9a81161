#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What a prompt reaches on the split that is explained, calibrated where the trial is.
struct PromptScore {
  double loss = 0.0;    // mean objective
  double metric = 0.0;  // the task's metric, larger is better
};

// A candidate at a position, with its share of the distribution that the search ended with; NaN
// where the record has none.
struct PartAlternative {
  std::string text;
  double share = 0.0;
};

struct PartReplacement {
  PartAlternative candidate;
  PromptScore score;  // of the prompt with this candidate in the part's place
};

// A part of a prompt: the token or phrase of a position, a soft vector, a word of a written prompt,
// a demonstration.
struct PartExplanation {
  std::string text;     // soft: the nearest token of the vocabulary
  double share = 0.0;   // as of an alternative
  PromptScore without;  // of the prompt without the part; a soft vector becomes zero
  // What the part adds to the mean score of each label: whole prompt minus the prompt without it,
  // before calibration (which takes out such shifts).
  Eigen::VectorXd label_shift;
  std::vector<PartReplacement> replacements;
  std::vector<PartAlternative> alternatives;  // of the largest shares, the part's own left out
};

// An example that one of two prompts gets right and the other wrong.
struct TurnedExample {
  std::int64_t row = 0;  // in the data file
  std::string text_a;
  std::string text_b;
  int gold = 0;
  int before = 0;  // predicted with the baseline
  int after = 0;   // predicted with the explained prompt
};

enum class Baseline {
  kManual,    // the task's manual prompt
  kNoPrompt,  // nothing at {prompt}
};

struct Explanation {
  std::string trial;
  std::string task;
  std::string method;
  std::uint64_t seed = 0;
  PromptRecord::Kind kind = PromptRecord::Kind::kNone;
  std::string prompt;
  std::string split;
  std::string metric;
  std::string objective;
  std::vector<std::string> labels;
  bool is_calibrated = false;
  std::int64_t num_examples = 0;
  PromptScore whole;
  Baseline baseline = Baseline::kManual;
  PromptScore baseline_score;
  std::vector<PartExplanation> parts;
  std::vector<TurnedExample> turned_right;  // in the order of the split
  std::vector<TurnedExample> turned_wrong;
  // Predictions of the whole prompt that are not those of the record: 0 on the machine of the run.
  std::int64_t num_unlike_record = 0;
  Usage usage;  // what the explanation asked
};

struct ExplainOptions {
  Split split = Split::kDev;
  int num_replacements = 5;  // per position; 0: none
  int num_alternatives = 5;  // listed per position
  std::function<void(std::size_t num_done, std::size_t num_prompts)> on_progress;
};

// Explains the best prompt of a finished trial by asking the model again. `evaluator` must be the
// record's (see open_trial). Replacements are the candidates of the largest shares after the
// part's own, filled up with candidates that are evenly spaced over the list: no randomness.
// Predictions of the manual prompt come from the record where it has them; else the baseline is no
// prompt, which is asked. Throws Error when the model cannot be asked, and for a trial without a
// best prompt.
[[nodiscard]] Explanation explain(const TrialRecord& record, TrialEvaluator& evaluator,
                                  const ExplainOptions& options);

}  // namespace bbprompt
