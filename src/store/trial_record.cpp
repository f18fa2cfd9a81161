#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

UsageRecord& UsageRecord::operator+=(const UsageRecord& other) {
  num_evaluations += other.num_evaluations;
  usage += other.usage;
  num_cached += other.num_cached;
  num_failed += other.num_failed;
  return *this;
}

std::int64_t num_truncated(const TrialRecord& record) {
  std::int64_t total = 0;
  for (const auto& [purpose, usage] : record.usage) total += usage.usage.num_truncated;
  return total;
}

std::string truncation_note(std::int64_t num_queries) {
  return std::to_string(num_queries) +
         " queries were longer than the model takes and lost the ends of their texts";
}

}  // namespace bbprompt
