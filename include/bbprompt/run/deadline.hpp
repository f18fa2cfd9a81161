#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bbprompt {

// "90", "90s", "15m", "2h", "1:30" (minutes and seconds), "1:30:00", "1-12:00:00" (days first, as
// Slurm writes it): seconds. Throws UsageError for anything else and for more than a year.
[[nodiscard]] std::int64_t parse_duration(std::string_view text);

// What a run may know of its end. Times are seconds since 1970.
struct DeadlineInputs {
  std::int64_t now = 0;
  std::optional<std::int64_t> time_left;          // asked on the command line
  std::optional<std::string_view> slurm_job_end;  // SLURM_JOB_END_TIME, where it is set
  std::int64_t margin = 0;                        // stop this many seconds before
};

// When the run must begin to stop: the margin before the earlier of both ends; nothing without any.
// A margin longer than what is left stops at once. Throws UsageError when SLURM_JOB_END_TIME is not
// a number.
[[nodiscard]] std::optional<std::int64_t> stop_time(const DeadlineInputs& inputs);

}  // namespace bbprompt
