#include "app/slurm_job.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace bbprompt {
namespace {

constexpr std::int64_t kStopSeconds = 180;

// In a file name, sbatch replaces what follows a %.
std::string literal(const std::string& path) {
  std::string text;
  for (const char letter : path) text += letter == '%' ? std::string("%%") : std::string(1, letter);
  return text;
}

bool is_plain(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char letter) {
    return std::isalnum(letter) != 0 ||
           std::string_view("_-./=:,+@%").find(static_cast<char>(letter)) != std::string_view::npos;
  });
}

std::string shell_word(const std::string& word) {
  if (is_plain(word)) return word;
  std::string quoted = "'";
  for (const char letter : word) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
  return quoted + "'";
}

}  // namespace

std::int64_t usable_seconds(std::int64_t time_limit) {
  return std::max<std::int64_t>(time_limit - kStopSeconds, 0);
}

std::int64_t num_requeues(double wall_seconds, std::int64_t time_limit) {
  const auto usable = static_cast<double>(std::max<std::int64_t>(usable_seconds(time_limit), 1));
  return std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(wall_seconds / usable)) - 1, 0);
}

std::string job_folder(const JobRequest& request) { return request.out + "/job"; }

std::vector<std::string> sweep_job(const JobRequest& request) {
  std::vector<std::string> words = {"sbatch",
                                    "--parsable",
                                    "--job-name=" + request.name,
                                    "--nodes=" + std::to_string(request.num_nodes),
                                    "--ntasks-per-node=" + std::to_string(request.ranks_per_node),
                                    "--time=" + slurm_time(request.time_limit)};
  const bool is_array = request.num_parts > 0;
  if (is_array) words.push_back("--array=1-" + std::to_string(request.num_parts));
  words.push_back("--output=" + literal(job_folder(request)) +
                  (is_array ? "/sweep-%A_%a.log" : "/sweep-%j.log"));
  words.insert(words.end(), request.options.begin(), request.options.end());
  words.insert(words.end(),
               {job_folder(request) + "/sweep.sh", "--profile", request.profile, "--max-requeues",
                std::to_string(request.max_requeues), request.config, "--out", request.out});
  if (!request.servers.empty()) words.insert(words.end(), {"--servers", request.servers});
  if (is_array) words.insert(words.end(), {"--parts", std::to_string(request.num_parts)});
  for (const std::string& setting : request.overrides)
    words.insert(words.end(), {"--set", setting});
  words.insert(words.end(), request.run_options.begin(), request.run_options.end());
  return words;
}

std::vector<std::string> run_folders(const JobRequest& request) {
  if (request.num_parts == 0) return {request.out};
  std::vector<std::string> folders;
  for (int part = 1; part <= request.num_parts; ++part) {
    folders.push_back(fmt::format("{}/part-{}-of-{}", request.out, part, request.num_parts));
  }
  return folders;
}

std::vector<std::string> report_job(const JobRequest& request, const std::string& after_job) {
  std::vector<std::string> words = {"sbatch",
                                    "--parsable",
                                    "--job-name=" + request.name + "-report",
                                    "--dependency=afterok:" + after_job,
                                    "--kill-on-invalid-dep=yes",
                                    "--open-mode=truncate",
                                    "--output=" + literal(request.out) + "/report.txt"};
  words.insert(words.end(), request.options.begin(), request.options.end());
  words.insert(words.end(), {job_folder(request) + "/report.sh", "--profile", request.profile});
  for (std::string& folder : run_folders(request)) words.push_back(std::move(folder));
  return words;
}

std::string slurm_time(std::int64_t seconds) {
  constexpr std::int64_t kDay = 86400;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", seconds % kDay / 3600, seconds % 3600 / 60, seconds % 60);
  return seconds < kDay ? clock : fmt::format("{}-{}", seconds / kDay, clock);
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

}  // namespace bbprompt
