#pragma once

#include <optional>
#include <string_view>

#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/http/http_message.hpp"

namespace bbprompt {

// Seconds of "1.5", "17ms", "1s", "6m0s" or "1h2m3s"; nothing for any other text and for more than
// a year (some servers send a date as seconds since 1970).
[[nodiscard]] std::optional<double> parse_pause(std::string_view text);

// How long the server asks to wait, in seconds: retry-after-ms, else x-ms-retry-after-ms, else
// Retry-After (seconds, or a date that counts from the answer's own Date, or from `wall_now` where
// it has none; 0 for one in the past). Nothing where it does not say, or not readably.
[[nodiscard]] std::optional<double> asked_wait(const HttpAnswer& answer, double wall_now);

// How long until the limit is reset that is used up by x-ratelimit-remaining-*; 0: none is.
[[nodiscard]] double limit_wait(const HttpAnswer& answer);

// Growing pauses: 0.5 s, doubled each time up to 8 s, up to a quarter less by chance. Ranks draw
// from streams of their own, so they do not come back all at once.
class BackOff {
 public:
  explicit BackOff(int rank);

  // Before the next try after the `num_failed`-th failure, from 1.
  [[nodiscard]] double pause(int num_failed);
  // The pause, up to a quarter less.
  [[nodiscard]] double jittered(double pause);

 private:
  RandomStream stream_;
};

}  // namespace bbprompt
