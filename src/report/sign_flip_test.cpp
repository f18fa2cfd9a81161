#include <algorithm>
#include <cmath>
#include <cstdint>

#include "bbprompt/base/random_stream.hpp"
#include "report/paired_tests.hpp"

namespace bbprompt {
namespace {

// All 2^n signed sums, ascending: each value merges the sums shifted up with those shifted down.
std::vector<double> signed_sums(std::span<const double> values) {
  std::vector<double> sums{0.0};
  for (const double value : values) {
    const double size = std::abs(value);
    std::vector<double> up = sums;
    for (double& sum : up) sum += size;
    for (double& sum : sums) sum -= size;
    std::vector<double> merged(2 * sums.size());
    std::merge(sums.begin(), sums.end(), up.begin(), up.end(), merged.begin());
    sums = std::move(merged);
  }
  return sums;
}

// Share of all signed sums that are at least `threshold`: sums of two halves, met in the middle.
double exact_share(std::span<const double> values, double threshold) {
  const std::size_t half = values.size() / 2;
  const std::vector<double> left = signed_sums(values.first(half));
  const std::vector<double> right = signed_sums(values.subspan(half));
  std::uint64_t count = 0;
  std::size_t num_below = right.size();
  for (const double sum : left) {
    while (num_below > 0 && sum + right[num_below - 1] >= threshold) --num_below;
    count += right.size() - num_below;
  }
  return std::ldexp(static_cast<double>(count), -static_cast<int>(values.size()));
}

double drawn_share(std::span<const double> values, double threshold) {
  RandomStream stream({.purpose = "sign_flip_test"});
  int num_hits = 0;
  for (int draw = 0; draw < kSignDraws; ++draw) {
    double sum = 0.0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      bits = i % 64 == 0 ? stream.next() : bits >> 1;
      sum += (bits & 1) != 0 ? values[i] : -values[i];
    }
    if (std::abs(sum) >= threshold) ++num_hits;
  }
  return (1.0 + num_hits) / (1.0 + kSignDraws);
}

}  // namespace

std::optional<double> sign_flip_test(std::span<const double> differences) {
  if (differences.empty()) return std::nullopt;
  double largest = 0.0;
  for (const double value : differences) largest = std::max(largest, std::abs(value));
  std::vector<double> values;
  double total = 0.0;
  double size = 0.0;
  for (const double value : differences) {
    if (std::abs(value) <= 1e-12 * largest) continue;
    values.push_back(value);
    total += value;
    size += std::abs(value);
  }
  // Sums that are equal but for rounding count as equal.
  const double threshold = std::abs(total) - 1e-12 * size;
  if (threshold <= 0.0) return 1.0;
  if (values.size() > kMaxExactPairs) return drawn_share(values, threshold);
  return 2.0 * exact_share(values, threshold);
}

}  // namespace bbprompt
