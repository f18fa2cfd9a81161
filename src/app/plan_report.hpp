#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/run/plan_simulation.hpp"
#include "bbprompt/run/plan_survey.hpp"

namespace bbprompt {

// What one rank needs, in bytes, by the sizes of the parts: an estimate.
struct RankMemory {
  std::int64_t weights = 0;  // one copy for all ranks of a node
  std::int64_t scratch = 0;  // of the largest batch
  std::int64_t prompts = 0;  // projections or candidates of the trials it keeps at a time
  std::int64_t data = 0;     // texts of the splits it keeps

  [[nodiscard]] std::int64_t private_bytes() const { return scratch + prompts + data; }
};

// Trials that share data, prompts and model.
struct SettingFigures {
  double train_tokens = 0.0;  // per query, means
  double dev_tokens = 0.0;
  double test_tokens = 0.0;
  double seconds_per_query = 0.0;
  std::int64_t prompt_bytes = 0;
  std::int64_t data_bytes = 0;
};

struct RanksRun {
  int num_ranks = 1;
  SimulatedRun run;
};

// Simulated times.
struct PlannedTime {
  std::string source;  // where the seconds per query come from
  double spread = 0.0;
  double overhead = 0.0;
  double shortest = 0.0;  // seconds per query over the settings
  double longest = 0.0;
  int threads = 1;
  std::vector<RanksRun> runs;      // by ascending number of ranks
  double wall_of_one = 0.0;        // seconds of one rank alone
  std::optional<int> recommended;  // ranks; nothing where none of those tried keeps the limit
  bool is_searched = false;        // the recommended one was looked for, not picked from `runs`
};

struct PlanReport {
  const SweepPlan& plan;
  std::vector<SurveyedTrial> trials;
  std::vector<SettingFigures> settings;
  RankMemory memory;
  std::optional<PlannedTime> time;
  bool more_follow = false;  // trials that are known only when these are done

  [[nodiscard]] std::int64_t num_tokens(std::size_t trial) const;
  // Of all trials at model.prices; nothing where these are not known.
  [[nodiscard]] std::optional<double> price() const;
};

// Idle time that the recommended number of ranks stays within.
inline constexpr double kMaxIdle = 0.05;

// Bytes of what a worker keeps of a trial.
[[nodiscard]] std::int64_t prompt_bytes_of(const ExperimentSpec& spec,
                                           const LanguageModelInfo& model, Eigen::Index dimension);
[[nodiscard]] std::int64_t data_bytes_of(const TrialProblem& problem);

// The memory of a rank that works for any of the trials.
[[nodiscard]] RankMemory estimate_memory(const SweepPlan& plan, ModelPool& models,
                                         const std::vector<SettingFigures>& settings);

// At most `max_trials` lines of trials.
[[nodiscard]] std::string plan_text(const PlanReport& report, std::size_t max_trials);
[[nodiscard]] std::string plan_json(const PlanReport& report);

}  // namespace bbprompt
