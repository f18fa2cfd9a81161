#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bbprompt {

struct TrialProgress {
  std::string id;
  std::string state = "waiting";  // waiting, running, done, failed
  std::int64_t num_generations = 0;
  std::int64_t num_generations_planned = 0;
  std::int64_t num_evaluations = 0;
  std::int64_t num_queries = 0;
  std::int64_t num_queries_planned = 0;
  double incumbent_fitness = 0.0;  // NaN before the first generation
  double dev_metric = 0.0;         // NaN before the first dev evaluation
  double test_metric = 0.0;        // NaN before the end
  std::string failure;
};

// How far a run is. Written to status.json, shown by `bbprompt status` and the live line.
struct RunProgress {
  std::string name;
  std::string state = "running";  // running, stopped, done, failed
  std::string host;
  std::int64_t process_id = 0;
  int num_workers = 0;
  double seconds = 0.0;             // since this process began
  double queries_per_second = 0.0;  // since this process began
  double seconds_left = 0.0;        // NaN while unknown
  std::int64_t updated = 0;         // seconds since 1970, UTC
  std::vector<TrialProgress> trials;

  [[nodiscard]] std::int64_t count(const std::string& trial_state) const;
  [[nodiscard]] std::int64_t num_queries() const;
  [[nodiscard]] std::int64_t num_queries_planned() const;
};

// Throws StoreError when the file cannot be written; read_progress also when it is not what
// write_progress writes.
void write_progress(const std::filesystem::path& path, const RunProgress& progress);
[[nodiscard]] RunProgress read_progress(const std::filesystem::path& path);

}  // namespace bbprompt
