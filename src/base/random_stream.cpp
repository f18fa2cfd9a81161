#include "bbprompt/base/random_stream.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

namespace bbprompt {
namespace {

// FNV-1a: purposes are few and short, and the name must map to the same number everywhere.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

RandomStream::RandomStream(const RandomStreamId& id) : RandomStream(id, 0) {}

RandomStream::RandomStream(const RandomStreamId& id, std::uint64_t num_drawn)
    : key_{id.seed, hash_name(id.purpose)},
      stream_{id.trial, id.generation},
      num_drawn_(num_drawn) {
  if (num_drawn_ % 4 != 0) {
    num_drawn_ -= num_drawn % 4;
    for (std::uint64_t i = 0; i < num_drawn % 4; ++i) (void)next();
  }
}

std::uint64_t RandomStream::next() {
  const auto lane = num_drawn_ % 4;
  if (lane == 0) {
    r123::Philox4x64::ctr_type counter = {{num_drawn_ / 4, 0, stream_[0], stream_[1]}};
    r123::Philox4x64::key_type key = {{key_[0], key_[1]}};
    const auto block = r123::Philox4x64()(counter, key);
    for (std::size_t i = 0; i < 4; ++i) block_[i] = block[i];
  }
  ++num_drawn_;
  return block_[lane];
}

double RandomStream::uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1.0p-52; }

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  // Values under 2^64 mod bound would be counted once too often.
  const std::uint64_t threshold = (0 - bound) % bound;
  std::uint64_t value = next();
  while (value < threshold) value = next();
  return value % bound;
}

}  // namespace bbprompt
