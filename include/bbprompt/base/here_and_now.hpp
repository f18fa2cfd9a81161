#pragma once

#include <chrono>
#include <string>

namespace bbprompt {

// For records of where and when; nothing of a result may depend on either.

// This machine's name; "unknown" where it has none.
[[nodiscard]] std::string host_name();

// ISO 8601 to the second, such as "2026-01-31T12:00:00Z".
[[nodiscard]] std::string utc_now();

// By the monotonic clock.
[[nodiscard]] double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace bbprompt
