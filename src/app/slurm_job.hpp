#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bbprompt {

// The part of a time limit that a job works in: the warning comes up to three minutes before the
// end (sweep.sh). 0 where nothing is left.
[[nodiscard]] std::int64_t usable_seconds(std::int64_t time_limit);

// How often a job with this limit requeues itself for a run of `wall_seconds`.
[[nodiscard]] std::int64_t num_requeues(double wall_seconds, std::int64_t time_limit);

// A sweep as a Slurm job. All paths are absolute.
struct JobRequest {
  std::string name;
  std::string config;
  std::vector<std::string> overrides;  // KEY=VALUE
  std::string out;
  std::string profile;
  std::string servers;  // file that says which model servers the job starts; empty: none
  int num_nodes = 1;
  int ranks_per_node = 1;
  std::int64_t time_limit = 0;  // seconds
  int num_parts = 0;            // of an array; 0: one job
  int max_requeues = 20;
  std::vector<std::string> options;      // further ones for sbatch
  std::vector<std::string> run_options;  // further ones for bbprompt run
};

// The command lines of sbatch: words, not quoted.
[[nodiscard]] std::vector<std::string> sweep_job(const JobRequest& request);
[[nodiscard]] std::vector<std::string> report_job(const JobRequest& request,
                                                  const std::string& after_job);

// The output folders of the job's runs, one for each part.
[[nodiscard]] std::vector<std::string> run_folders(const JobRequest& request);

// Where the job's script, its log and its own command line lie.
[[nodiscard]] std::string job_folder(const JobRequest& request);

// "1-02:30:00", or "02:30:00" below a day: as Slurm reads it.
[[nodiscard]] std::string slurm_time(std::int64_t seconds);

// The words as one line that a shell takes apart into them again.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

}  // namespace bbprompt
