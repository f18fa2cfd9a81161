#include "app/progress_view.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <limits>
#include <vector>

#include "app/terminal.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

// Of the live line where no terminal can be asked, as under mpirun: a longer one would wrap, and
// each time leave a copy behind.
constexpr std::size_t kLineWidth = 80;

// mpirun hands ranks a pipe for standard error; what counts is where mpirun's own one goes.
bool is_mpirun_on_terminal() {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return false;
  std::error_code status;
  const auto target =
      std::filesystem::read_symlink("/proc/" + std::to_string(::getppid()) + "/fd/2", status);
  return !status &&
         (target.string().starts_with("/dev/pts/") || target.string().starts_with("/dev/tty"));
}

std::string with_separators(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

}  // namespace

ProgressStyle choose_progress_style(const std::string& name) {
  if (name == "live") return ProgressStyle::kLive;
  if (name == "plain") return ProgressStyle::kPlain;
  if (name == "none") return ProgressStyle::kNone;
  if (name != "auto")
    throw UsageError("--progress: expected auto, live, plain or none, found \"" + printable(name) +
                     "\"");
  return ::isatty(STDERR_FILENO) == 1 || is_mpirun_on_terminal() ? ProgressStyle::kLive
                                                                 : ProgressStyle::kPlain;
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds > 1e9) return "?";
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  const auto hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

namespace {

// Hostile or broken counts are shown, not printed with hundreds of digits.
std::string rate_text(double rate) {
  return std::isfinite(rate) && rate >= 0.0 && rate < 1e12 ? fmt::format("{:.0f}", rate) : "?";
}

// From the left; together one line.
std::vector<std::string> parts_of(const RunProgress& progress) {
  double best_fitness = std::numeric_limits<double>::infinity();
  double dev_sum = 0.0;
  std::int64_t num_dev = 0;
  std::int64_t generations = 0;
  std::int64_t planned = 0;
  for (const TrialProgress& trial : progress.trials) {
    if (trial.incumbent_fitness < best_fitness) best_fitness = trial.incumbent_fitness;
    if (std::isfinite(trial.dev_metric)) {
      dev_sum += trial.dev_metric;
      ++num_dev;
    }
    generations += trial.num_generations;
    planned += trial.num_generations_planned;
  }
  const auto failed = progress.count(TrialStanding::kFailed);
  const auto figure = [](double value) { return fmt::format("{:.3f}", value); };
  return {
      fmt::format("{} trials {}/{}{}", format_duration(progress.seconds),
                  progress.count(TrialStanding::kDone), progress.trials.size(),
                  failed > 0 ? fmt::format(" ({} failed)", failed) : ""),
      fmt::format(" | gen {}/{}", generations, planned),
      fmt::format(" | fitness {}", std::isfinite(best_fitness) ? figure(best_fitness) : "-"),
      fmt::format(" | dev {}", num_dev > 0 ? figure(dev_sum / static_cast<double>(num_dev)) : "-"),
      fmt::format(" | {} queries of {}", with_separators(progress.num_queries()),
                  with_separators(progress.num_queries_planned())),
      fmt::format(", {}/s", rate_text(progress.queries_per_second)),
      fmt::format(" | {} left", format_duration(progress.seconds_left))};
}

}  // namespace

std::string format_progress(const RunProgress& progress, std::size_t width) {
  std::vector<std::string> parts = parts_of(progress);
  const auto length = [&] {
    std::size_t sum = 0;
    for (const std::string& part : parts) sum += part.size();
    return sum;
  };
  // What people miss least goes first, and the beginning and the time left never.
  for (const std::size_t least : {5, 4, 1, 2, 3}) {
    if (length() <= width) break;
    parts[least].clear();
  }
  std::string line;
  for (const std::string& part : parts) line += part;
  return line.substr(0, width);
}

ProgressView::ProgressView(ProgressStyle style, double plain_seconds)
    : style_(style), plain_seconds_(plain_seconds), last_plain_(Clock::now()) {}

void ProgressView::show(const RunProgress& progress) {
  const auto now = Clock::now();
  if (now - last_plain_ >= std::chrono::duration<double>(plain_seconds_)) {
    last_plain_ = now;
    const std::string line = format_progress(progress);
    logger()->log(style_ == ProgressStyle::kPlain ? spdlog::level::info : spdlog::level::debug,
                  "{}", line);
  }
  if (style_ == ProgressStyle::kLive && now - last_live_ >= std::chrono::milliseconds(200)) {
    last_live_ = now;
    const std::size_t width = terminal_columns(STDERR_FILENO, kLineWidth);
    std::cerr << "\r\x1b[K" << format_progress(progress, width - 1) << std::flush;
    is_line_open_ = true;
  }
}

void ProgressView::clear() {
  if (is_line_open_) std::cerr << "\r\x1b[K" << std::flush;
  is_line_open_ = false;
}

}  // namespace bbprompt
