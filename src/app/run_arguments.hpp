#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"

namespace bbprompt {

[[nodiscard]] CommandOptions run_options();

// The options of "bbprompt run" that a job passes on to it as they are, and those of them that were
// given, as words.
void add_passed_options(boost::program_options::options_description& options);
[[nodiscard]] std::vector<std::string> passed_options(
    const boost::program_options::variables_map& values);

// --model-memory in bytes, 0 for any; read by every rank. Throws UsageError.
[[nodiscard]] std::int64_t model_memory(const boost::program_options::variables_map& values);

// What the command line tells the master of a run, apart from the configuration.
struct RunArguments {
  std::optional<std::string> out;       // --out
  std::optional<std::int64_t> stop_at;  // seconds since 1970
  double lock_seconds = 60.0;           // --lock-timeout
  bool goes_on_when_full = false;       // --on-full-disk
  std::string started_by;               // --started-by
  std::string progress;                 // --progress
  double progress_seconds = 5.0;        // --progress-seconds

  [[nodiscard]] bool is_time_over() const;
};

// Throws UsageError for values that no run can have.
[[nodiscard]] RunArguments read_run_arguments(const boost::program_options::variables_map& values);

}  // namespace bbprompt
