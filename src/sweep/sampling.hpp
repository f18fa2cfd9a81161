#pragma once

#include <cstdint>
#include <vector>

#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {

// The first different points of a random sequence. A key's value in draw i depends on the seed, i
// and the key alone: more points keep those before them, further keys keep the others' values.
// Throws ConfigError when the space seems to have fewer points than are asked for.
[[nodiscard]] std::vector<SweepPoint> random_points(const SweepSampling& sampling);

// The same of a Sobol sequence, one dimension for each key in file order, every one shifted digit
// by digit with random bits of the seed and the key (which keeps how evenly points are spread).
[[nodiscard]] std::vector<SweepPoint> quasi_random_points(const SweepSampling& sampling);

// Sobol's sequence in [0, 1) as 64-bit fractions, from the point 0 on, in Gray code order: every
// block of 2^k points from a multiple of 2^k on has one in each interval [j / 2^k, (j + 1) / 2^k)
// of each dimension. Direction numbers of Joe and Kuo (2008), as Boost.Random has them.
[[nodiscard]] std::vector<std::vector<std::uint64_t>> sobol_points(std::size_t num_points,
                                                                   std::size_t num_dimensions);

// The value of a distribution at the quantile u in (0, 1), real numbers to 6 significant digits.
[[nodiscard]] ConfigNode value_at(const SweepDistribution& distribution, double u);

}  // namespace bbprompt
