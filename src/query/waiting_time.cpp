#include "query/waiting_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace bbprompt {
namespace {

constexpr double kYear = 365.0 * 86400.0;

// Reads a number that is not negative off the front of `text`.
std::optional<double> take_number(std::string_view& text) {
  double number = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number) || number < 0.0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<double> take_unit(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits = {{{"ms", 1e-3},
                                                                          {"us", 1e-6},
                                                                          {"ns", 1e-9},
                                                                          {"d", 86400.0},
                                                                          {"h", 3600.0},
                                                                          {"m", 60.0},
                                                                          {"s", 1.0}}};
  for (const auto& [name, seconds] : kUnits) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return seconds;
  }
  return std::nullopt;
}

std::optional<double> plain_number(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<double> until_date(std::string_view text, const HttpAnswer& answer, double wall_now) {
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  double now = wall_now;
  if (const auto sent = find_header(answer, "date")) {
    if (const auto seconds = parse_http_date(*sent)) now = static_cast<double>(*seconds);
  }
  return std::max(0.0, static_cast<double>(*date) - now);
}

double limit_wait(const HttpAnswer& answer, const std::string& of) {
  const auto remaining = find_header(answer, "x-ratelimit-remaining-" + of);
  const auto reset = find_header(answer, "x-ratelimit-reset-" + of);
  if (!remaining || !reset || plain_number(*remaining) != 0.0) return 0.0;
  // A limit of 0 or -1 stands for none.
  const auto limit = find_header(answer, "x-ratelimit-limit-" + of);
  if (limit && plain_number(*limit).value_or(0.0) <= 0.0) return 0.0;
  return parse_pause(*reset).value_or(0.0);
}

}  // namespace

std::optional<double> parse_pause(std::string_view text) {
  double seconds = 0.0;
  if (const auto number = plain_number(text)) {
    seconds = *number;
  } else {
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
      const auto part = take_number(text);
      const auto unit = part ? take_unit(text) : std::nullopt;
      if (!unit) return std::nullopt;
      seconds += *part * *unit;
    }
  }
  if (seconds > kYear) return std::nullopt;
  return seconds;
}

std::optional<double> asked_wait(const HttpAnswer& answer, double wall_now) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    if (const auto text = find_header(answer, name)) {
      if (const auto milliseconds = plain_number(*text)) return *milliseconds / 1e3;
    }
  }
  const auto text = find_header(answer, "retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = plain_number(*text)) return seconds;
  return until_date(*text, answer, wall_now);
}

double limit_wait(const HttpAnswer& answer) {
  return std::max(limit_wait(answer, "requests"), limit_wait(answer, "tokens"));
}

BackOff::BackOff(int rank)
    : stream_({.seed = 0, .trial = static_cast<std::uint64_t>(rank), .purpose = "back_off"}) {}

double BackOff::pause(int num_failed) {
  return jittered(std::min(8.0, std::ldexp(0.5, std::clamp(num_failed - 1, 0, 10))));
}

double BackOff::jittered(double pause) { return pause * (1.0 - 0.25 * stream_.uniform()); }

}  // namespace bbprompt
