#include "sweep/sampling.hpp"

#include <algorithm>
#include <array>
#include <boost/random/sobol.hpp>
#include <charconv>
#include <cmath>
#include <set>

#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

using Kind = SweepDistribution::Kind;

constexpr int kNumDigits = 6;
// A space of N points gives all of them in N ln N draws or so.
constexpr std::size_t kDrawsPerPoint = 20;
constexpr std::size_t kMinDraws = 1000;

double rounded(double value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value,
                                     std::chars_format::general, kNumDigits);
  std::from_chars(text.data(), written.ptr, value);
  return value;
}

// The text of a number that a YAML file would hold.
ConfigNode number_node(double value, const ConfigPosition& at) {
  std::array<char, 32> text{};
  const bool is_whole = value == std::floor(value) && std::abs(value) <= 1e15;
  const auto written = is_whole ? std::to_chars(text.data(), text.data() + text.size(),
                                                static_cast<std::int64_t>(value))
                                : std::to_chars(text.data(), text.data() + text.size(), value);
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.text.assign(text.data(), written.ptr);
  node.position = at;
  return node;
}

double interpolated(double low, double high, double u) { return low + u * (high - low); }

double number_at(const SweepDistribution& of, double u) {
  switch (of.kind) {
    case Kind::kUniform:
      return rounded(interpolated(of.low, of.high, u));
    case Kind::kLogUniform:
      return rounded(std::exp(interpolated(std::log(of.low), std::log(of.high), u)));
    case Kind::kInteger:
      return of.low + std::floor(u * (of.high - of.low + 1.0));
    case Kind::kLogInteger:
      return std::round(std::exp(interpolated(std::log(of.low - 0.5), std::log(of.high + 0.5), u)));
    case Kind::kChoice:
      break;
  }
  return 0.0;
}

std::string text_of(const SweepPoint& point) {
  std::string text;
  for (const auto& setting : point) text += write_flow_yaml(setting.value) + '\n';
  return text;
}

[[noreturn]] void fail_exhausted(const SweepSampling& sampling, std::size_t num_found) {
  fail_config(sampling.space.front().position, "sweep",
              "expected a space of " + std::to_string(sampling.options.num_points) +
                  " different points, found " + std::to_string(num_found) +
                  "; ask for fewer num_points, or list them as axes");
}

// Points of the quantiles that `draw(i)` gives for i = 0, 1, ..., without those seen before.
template <typename Draw>
std::vector<SweepPoint> different_points(const SweepSampling& sampling, const Draw& draw) {
  const auto num_points = static_cast<std::size_t>(sampling.options.num_points);
  const std::size_t max_draws = kMinDraws + kDrawsPerPoint * num_points;
  std::vector<SweepPoint> points;
  std::set<std::string> seen;
  for (std::size_t i = 0; points.size() < num_points; ++i) {
    if (i == max_draws) fail_exhausted(sampling, points.size());
    const std::vector<double> quantiles = draw(i);
    SweepPoint point;
    for (std::size_t d = 0; d < sampling.space.size(); ++d) {
      const auto& of = sampling.space[d];
      point.push_back({of.key, of.position, value_at(of, quantiles[d])});
    }
    if (seen.insert(text_of(point)).second) points.push_back(std::move(point));
  }
  return points;
}

// As RandomStream::uniform: never 0 nor 1.
double fraction(std::uint64_t bits) { return (static_cast<double>(bits >> 12) + 0.5) * 0x1.0p-52; }

// Sobol's points one after the other.
class SobolSequence {
 public:
  explicit SobolSequence(std::size_t num_dimensions)
      : engine_(num_dimensions), point_(num_dimensions, 0) {}

  // Boost begins after the point 0.
  const std::vector<std::uint64_t>& next() {
    if (is_begun_) engine_.generate(point_.begin(), point_.end());
    is_begun_ = true;
    return point_;
  }

 private:
  boost::random::sobol engine_;
  std::vector<std::uint64_t> point_;
  bool is_begun_ = false;
};

}  // namespace

ConfigNode value_at(const SweepDistribution& distribution, double u) {
  if (distribution.kind == Kind::kChoice) {
    const auto count = distribution.choices.size();
    const auto index = static_cast<std::size_t>(u * static_cast<double>(count));
    return distribution.choices[std::min(index, count - 1)];
  }
  // Rounding may step over a limit.
  const double value = std::clamp(number_at(distribution, u), distribution.low, distribution.high);
  return number_node(value, distribution.position);
}

std::vector<SweepPoint> random_points(const SweepSampling& sampling) {
  const auto seed = static_cast<std::uint64_t>(sampling.options.seed);
  return different_points(sampling, [&](std::size_t i) {
    std::vector<double> quantiles;
    for (const auto& of : sampling.space) {
      const std::string purpose = "sweep_random " + of.key;
      quantiles.push_back(
          RandomStream({.seed = seed, .trial = i, .generation = 0, .purpose = purpose}).uniform());
    }
    return quantiles;
  });
}

std::vector<SweepPoint> quasi_random_points(const SweepSampling& sampling) {
  std::vector<std::uint64_t> shifts;
  for (const auto& of : sampling.space) {
    const std::string purpose = "sweep_quasi_random " + of.key;
    shifts.push_back(RandomStream({.seed = static_cast<std::uint64_t>(sampling.options.seed),
                                   .trial = 0,
                                   .generation = 0,
                                   .purpose = purpose})
                         .next());
  }
  SobolSequence sequence(sampling.space.size());
  return different_points(sampling, [&](std::size_t /*draw*/) {
    const auto& point = sequence.next();
    std::vector<double> quantiles;
    for (std::size_t d = 0; d < shifts.size(); ++d)
      quantiles.push_back(fraction(point[d] ^ shifts[d]));
    return quantiles;
  });
}

std::vector<std::vector<std::uint64_t>> sobol_points(std::size_t num_points,
                                                     std::size_t num_dimensions) {
  SobolSequence sequence(num_dimensions);
  std::vector<std::vector<std::uint64_t>> points;
  for (std::size_t i = 0; i < num_points; ++i) points.push_back(sequence.next());
  return points;
}

}  // namespace bbprompt
