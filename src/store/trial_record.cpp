#include "bbprompt/store/trial_record.hpp"

#include <array>

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

std::string truncation_note(std::int64_t num_queries) {
  return plural(num_queries, "query") + (num_queries == 1 ? " was" : " were") +
         " longer than the model takes and lost the ends of their texts";
}

}  // namespace bbprompt
