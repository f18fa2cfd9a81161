#include "bbprompt/store/digest.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "store/record_hasher.hpp"
#include "store/record_schema.hpp"

namespace bbprompt {

std::uint64_t RecordHasher::bits(double value) {
  constexpr std::uint64_t kQuietNan = 0x7FF8000000000000;
  return std::isnan(value) ? kQuietNan : std::bit_cast<std::uint64_t>(value);
}

void RecordHasher::put(std::uint64_t value) {
  std::array<char, sizeof value> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xFF);
    value >>= 8;
  }
  hash_.update(std::string_view(bytes.data(), bytes.size()));
}

void RecordHasher::put(std::string_view text) {
  put(std::uint64_t{text.size()});
  hash_.update(text);
}

std::string digest(const TrialRecord& trial) {
  RecordHasher hasher;
  hasher.group("trial", [&](RecordHasher& group) { describe(group, trial); });
  return hasher.hex_digest();
}

std::string digest(const Results& results) {
  RecordHasher hasher;
  hasher.group("run", [&](RecordHasher& group) { describe(group, results.run); });
  hasher.attribute("num_trials", std::uint64_t{results.trials.size()});
  for (const TrialRecord& trial : results.trials) {
    hasher.group("trial", [&](RecordHasher& group) { describe(group, trial); });
  }
  return hasher.hex_digest();
}

}  // namespace bbprompt
