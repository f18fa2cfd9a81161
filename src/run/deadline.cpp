#include "bbprompt/run/deadline.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 366 * kDay;

[[noreturn]] void refuse(std::string_view text) {
  throw UsageError("expected a duration such as 90s, 15m, 2h, 1:30:00 or 1-12:00:00, found \"" +
                   printable(text, 40) + "\"");
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end || value < 0) return std::nullopt;
  return value;
}

// "1:30:00": its numbers. Every one but the first is below 60.
std::vector<std::int64_t> clock_parts(std::string_view clock, std::string_view whole) {
  std::vector<std::int64_t> parts;
  for (std::size_t start = 0; start <= clock.size();) {
    const auto colon = std::min(clock.find(':', start), clock.size());
    const auto part = parse_count(clock.substr(start, colon - start));
    if (!part || *part > kYear || (!parts.empty() && *part >= 60)) refuse(whole);
    parts.push_back(*part);
    start = colon + 1;
  }
  return parts;
}

std::int64_t unit_seconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return kMinute;
    case 'h':
      return kHour;
    case 'd':
      return kDay;
    default:
      return 0;
  }
}

}  // namespace

std::int64_t parse_duration(std::string_view text) {
  std::int64_t seconds = 0;
  if (const auto unit = text.empty() ? 0 : unit_seconds(text.back()); unit > 0) {
    const auto count = parse_count(text.substr(0, text.size() - 1));
    if (!count || *count > kYear) refuse(text);
    seconds = *count * unit;
  } else {
    std::string_view clock = text;
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
      const auto days = parse_count(text.substr(0, dash));
      clock = text.substr(dash + 1);
      if (!days || *days > 366 || clock.find(':') == std::string_view::npos) refuse(text);
      seconds = *days * kDay;
    }
    const auto parts = clock_parts(clock, text);
    if (parts.size() > 3) refuse(text);
    std::int64_t of_clock = 0;
    for (const auto part : parts) of_clock = of_clock * 60 + part;
    seconds += of_clock;
  }
  if (seconds > kYear) refuse(text);
  return seconds;
}

std::optional<std::int64_t> stop_time(const DeadlineInputs& inputs) {
  std::optional<std::int64_t> end;
  if (inputs.time_left) end = inputs.now + *inputs.time_left;
  if (inputs.slurm_job_end) {
    const auto job_end = parse_count(*inputs.slurm_job_end);
    if (!job_end) {
      throw UsageError("SLURM_JOB_END_TIME: expected seconds since 1970, found \"" +
                       printable(*inputs.slurm_job_end, 40) + "\"");
    }
    end = end ? std::min(*end, *job_end) : *job_end;
  }
  if (!end) return std::nullopt;
  return *end - inputs.margin;
}

}  // namespace bbprompt
