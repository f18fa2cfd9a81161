#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/usage.hpp"
#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

// What a trial paid, by purpose: "search", "dev", "test".
struct UsageRecord {
  std::int64_t num_evaluations = 0;  // candidates scored on a whole split
  Usage usage{};
  std::int64_t num_cached = 0;  // evaluations answered from the cache; no query, call or token
  std::int64_t num_failed = 0;  // evaluations that failed for good and were scored worst

  UsageRecord& operator+=(const UsageRecord& other);
};

// One row per finished generation.
struct GenerationRecord {
  std::int64_t generation = 0;
  std::int64_t num_evaluations = 0;  // search evaluations so far
  std::int64_t num_queries = 0;      // search queries so far
  double best_fitness = 0.0;         // of this generation
  double median_fitness = 0.0;
  double worst_fitness = 0.0;
  double incumbent_fitness = 0.0;  // best so far
  double sigma = 0.0;
  double axis_ratio = 1.0;
  double dev_metric = 0.0;  // dev-best so far; NaN before the first dev evaluation
  double dev_loss = 0.0;
  double seconds = 0.0;  // since the trial began; not part of the digest
};

// A prompt as a person and a program can use it again.
struct PromptRecord {
  enum class Kind { kNone, kManual, kDemonstrations, kDiscrete, kSoft };

  Kind kind = Kind::kNone;
  std::string text;                 // soft: the nearest vocabulary tokens, for orientation
  std::vector<TokenId> ids;         // discrete: the tokens; soft: nearest tokens
  std::vector<std::string> tokens;  // the same as the vocabulary spells them
  std::vector<double> point;        // candidate in the search space; empty for manual
  // Soft prompts: one row per token, added to the word embedding of base_ids, or in its place where
  // base_ids is empty. Deep prompts: num_layers such blocks of rows, the later ones added to the
  // hidden states before layers 1, 2, ...
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> vectors;
  std::vector<TokenId> base_ids;
  std::int64_t num_layers = 1;
};

// Scores of the labels before calibration: examples x labels.
using StoredScores = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// A split with more of them is kept without.
inline constexpr Eigen::Index kMaxStoredScores = 1 << 20;

// A prompt on a whole split.
struct SplitEvaluation {
  double metric = 0.0;  // the task's metric
  double accuracy = 0.0;
  double loss = 0.0;                    // mean objective
  std::vector<std::int32_t> predicted;  // label index per example
  StoredScores label_scores{};          // empty where they are not kept; not part of the digest
};

// A prompt with what it reached. Splits by name: "train", "dev", "test".
struct ScoredPrompt {
  PromptRecord prompt;
  std::int64_t generation = -1;  // generation it was found in; -1 for manual
  double fitness = 0.0;          // train objective
  std::map<std::string, SplitEvaluation> splits;
};

enum class TrialState { kRunning, kDone, kFailed };

// Everything that is kept of a trial.
struct TrialRecord {
  std::string id;  // stable; names the trial's files
  std::string task;
  std::string method;  // e.g. "soft", "discrete": the variant's name
  std::uint64_t seed = 0;
  std::string config;       // resolved configuration of this trial, YAML
  std::string config_hash;  // SHA-256 of it with model and data fingerprints
  std::string model;
  std::string model_fingerprint;
  std::string metric;  // "accuracy", "macro_f1", "binary_f1", "matthews"
  std::string objective;
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::int32_t>> gold;  // label index per example of a split
  TrialState state = TrialState::kRunning;
  std::string failure;                // why, when failed
  std::string stop_reason;            // "budget", or an optimizer's stop rule
  std::vector<std::string> settings;  // "KEY=VALUE" of each sweep axis; a task by its name
  std::vector<GenerationRecord> generations;
  ScoredPrompt manual;
  ScoredPrompt best;  // chosen on dev
  // Discrete prompts: how often each candidate stands at each position in the distribution that the
  // search ended with: positions x candidates, rows sum to 1. Empty for other prompts.
  std::vector<std::string> option_texts;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> position_shares;
  std::map<std::string, UsageRecord> usage;
  std::vector<std::string> notes;  // what a reader must know: truncations, multi-token words
  // Not part of the digest:
  std::string host;
  std::string started_at;  // ISO 8601, UTC
  double seconds = 0.0;
};

// "running", "done", "failed".
[[nodiscard]] std::span<const EnumName<TrialState>> enum_names(TrialState);
// "", "manual", "demonstrations", "discrete", "soft".
[[nodiscard]] std::span<const EnumName<PromptRecord::Kind>> enum_names(PromptRecord::Kind);

// Over all purposes.
[[nodiscard]] std::int64_t num_truncated(const TrialRecord& record);
[[nodiscard]] std::string truncation_note(std::int64_t num_queries);

// What was paid for one shard of one member of the group that was open, or for some examples of it
// that stand side by side, where others of the shard are not known.
struct OpenResult {
  std::int64_t member = 0;
  std::int64_t begin = 0;       // first example
  std::int64_t num_scores = 0;  // examples x labels
  Usage usage{};
};

// Results that had come for the group that was open when a checkpoint was written.
struct OpenGroup {
  std::string fingerprint;  // of the group; the results are of no use to another one
  std::vector<OpenResult> results;
  std::vector<double> scores;  // of all results, one after the other
};

// A trial in the middle: its record so far, its optimizer, and candidates that wait for their dev
// evaluation.
struct Checkpoint {
  TrialRecord record;
  std::string version;  // of the bbprompt that wrote it; empty: an older one, which did not say
  OptimizerState optimizer;
  Eigen::MatrixXd selection_points;       // dimension x waiting candidates
  std::vector<double> selection_fitness;  // their train objective
  std::vector<std::int64_t> selection_generation;
  Eigen::MatrixXd selection_label_means;  // labels x waiting candidates; NaN where not known
  // Train scores of the discrete prompts asked so far, in the order they were asked: token ids,
  // mean objective, and the mean score of each label (prompts x labels).
  std::vector<std::string> cache_prompts;
  std::vector<double> cache_losses;
  Eigen::MatrixXd cache_label_means;
  std::vector<std::string> dev_prompts;  // discrete prompts that were scored on the dev split
  Eigen::VectorXd incumbent;             // best point so far; empty before the first generation
  Eigen::VectorXd incumbent_label_means;
  double incumbent_fitness = 0.0;
  std::vector<double> layer_scales;  // of a deep prompt, once they are measured; else empty
  OpenGroup open;
};

// What a run is made of.
struct RunInfo {
  std::string version;  // of bbprompt
  std::string name;
  std::string config_given;     // the YAML file as it was
  std::string config_resolved;  // every key with its value
  std::string config_asked{};   // with a model server: the same, with how it is asked; in no digest
  std::string config_hash;
  // Not part of the digest:
  std::string build;          // compiler, BLAS
  std::string config_folder;  // absolute; where relative paths of the configuration start
  int num_ranks = 0;
};

struct Results {
  RunInfo run;
  std::vector<TrialRecord> trials;  // in plan order
};

}  // namespace bbprompt
