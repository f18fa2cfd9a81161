#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace bbprompt {

// Names one stream of random numbers. Streams of different names are independent; the same name
// gives the same numbers on every machine, rank and run.
struct RandomStreamId {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  std::uint64_t generation = 0;
  std::string_view purpose;  // e.g. "few_shot_split"
};

// Counter-based generator (Philox4x64-10; Salmon et al., SC 2011). The whole state is the key and
// the number of values drawn.
class RandomStream {
 public:
  explicit RandomStream(const RandomStreamId& id);

  // Continues the stream `id` as if `num_drawn` values had been drawn from it.
  RandomStream(const RandomStreamId& id, std::uint64_t num_drawn);

  [[nodiscard]] std::uint64_t next();  // 64 uniform bits
  [[nodiscard]] double uniform();      // in (0, 1): 52 bits, never 0 nor 1
  [[nodiscard]] double normal();       // N(0, 1), two draws each (Box-Muller, cosine branch)
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);  // 0 .. bound-1, unbiased; bound > 0

  // Number of next() calls so far: the state to save.
  [[nodiscard]] std::uint64_t num_drawn() const { return num_drawn_; }

  // Fisher-Yates; every permutation equally likely.
  template <typename T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::array<std::uint64_t, 2> key_{};
  std::array<std::uint64_t, 2> stream_{};
  std::array<std::uint64_t, 4> block_{};
  std::uint64_t num_drawn_ = 0;
};

}  // namespace bbprompt
