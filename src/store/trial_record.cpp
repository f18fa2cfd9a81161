#include "bbprompt/store/trial_record.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "bbprompt/base/wording.hpp"

namespace bbprompt {

UsageRecord& UsageRecord::operator+=(const UsageRecord& other) {
  num_evaluations += other.num_evaluations;
  usage += other.usage;
  num_cached += other.num_cached;
  num_failed += other.num_failed;
  return *this;
}

std::span<const EnumName<TrialState>> enum_names(TrialState) {
  static constexpr std::array kNames{EnumName{TrialState::kRunning, "running"},
                                     EnumName{TrialState::kDone, "done"},
                                     EnumName{TrialState::kFailed, "failed"}};
  return kNames;
}

std::span<const EnumName<PromptRecord::Kind>> enum_names(PromptRecord::Kind) {
  using Kind = PromptRecord::Kind;
  static constexpr std::array kNames{EnumName{Kind::kNone, ""}, EnumName{Kind::kManual, "manual"},
                                     EnumName{Kind::kDemonstrations, "demonstrations"},
                                     EnumName{Kind::kDiscrete, "discrete"},
                                     EnumName{Kind::kSoft, "soft"}};
  return kNames;
}

std::int64_t num_truncated(const TrialRecord& record) {
  std::int64_t total = 0;
  for (const auto& [purpose, usage] : record.usage) total += usage.usage.num_truncated;
  return total;
}

std::string flat_search_note(const std::vector<GenerationRecord>& generations) {
  const auto num_flat = std::count_if(
      generations.begin(), generations.end(),
      [](const GenerationRecord& row) { return row.best_fitness == row.worst_fitness; });
  const auto count = std::ssize(generations);
  const bool has_populations = count >= 2 && generations.front().num_evaluations >= 2;
  if (!has_populations || 10 * num_flat < 9 * count) return {};
  return "the fitness of all candidates was equal in " + std::to_string(num_flat) + " of " +
         plural(count, "generation") +
         ": the search had nothing to learn from. Try objective cross_entropy, a larger sigma, or "
         "more training examples";
}

std::string truncation_note(std::int64_t num_queries) {
  return plural(num_queries, "query") + (num_queries == 1 ? " was" : " were") +
         " longer than the model takes and lost the ends of their texts";
}

}  // namespace bbprompt
