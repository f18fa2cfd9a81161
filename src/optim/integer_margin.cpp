#include "optim/integer_margin.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "optim/search_domain.hpp"

namespace bbprompt {
namespace {

// A mean corrected to the very limit of its interval would belong to the neighbour.
constexpr double kBelowHalf = 0.5 - 1e-9;

// P(X > x) for X ~ N(0, 1).
double upper_tail(double x) { return 0.5 * std::erfc(x / std::numbers::sqrt2); }

}  // namespace

// The tail is convex and falls for x > 0: Newton's method from 0 climbs to the root from the left.
double upper_normal_quantile(double probability) {
  double x = 0.0;
  while (true) {
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    const double next = x + (upper_tail(x) - probability) / density;
    if (!(next > x)) return x;
    x = next;
  }
}

IntegerMargin::IntegerMargin(const SearchDomain& domain, Eigen::Index population_size)
    : units_(unit_steps(domain)),
      num_categories_(domain.num_categories),
      alpha_(1.0 / static_cast<double>(domain.start.size() * population_size)),
      alpha_quantile_(upper_normal_quantile(std::min(alpha_, 0.5))) {}

Eigen::VectorXd IntegerMargin::to_inside(const Eigen::VectorXd& point) const {
  return point.cwiseQuotient(units_);
}

double IntegerMargin::category(double inside, Eigen::Index i) const {
  const int last = num_categories_[static_cast<std::size_t>(i)] - 1;
  return std::clamp(std::ceil(inside * units_[i] - 0.5), 0.0, static_cast<double>(last));
}

Eigen::MatrixXd IntegerMargin::to_domain(const Eigen::MatrixXd& inside) const {
  Eigen::MatrixXd points = inside;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (num_categories_[static_cast<std::size_t>(i)] == 0) continue;
    for (double& value : points.row(i)) value = category(value, i) + 0.0;  // no -0
  }
  return points;
}

// Section 4.2 of the paper, its binary rule, is that of the lowest and highest integer too (4.3).
void IntegerMargin::correct(Eigen::VectorXd& mean, Eigen::VectorXd& stretch,
                            const Eigen::VectorXd& deviations) const {
  for (Eigen::Index i = 0; i < mean.size(); ++i) {
    const int last = num_categories_[static_cast<std::size_t>(i)] - 1;
    if (last < 1) continue;  // real, or one category alone
    const double now = category(mean[i], i);
    if (now > 0.0 && now < last) {
      correct_inner(mean[i], stretch[i], deviations[i], i);
      continue;
    }
    // m <- l + sign(m - l) min(|m - l|, CI(1 - 2 alpha)), l the limit to the next integer
    const double nearest = limit(std::min(now, last - 1.0), i);
    const double reach = alpha_quantile_ * stretch[i] * deviations[i];
    if (std::abs(mean[i] - nearest) <= reach) continue;
    mean[i] = nearest + std::copysign(reach, mean[i] - nearest);
    while (std::abs(mean[i] - nearest) > reach) mean[i] = std::nextafter(mean[i], nearest);
  }
}

// Section 4.3. The probabilities below and above the mean's interval are raised to alpha / 2 each;
// what that adds is taken from the part of them above alpha / 2. Then m and A are those under which
// the limits lie at these quantiles.
void IntegerMargin::correct_inner(double& mean, double& stretch, double deviation,
                                  Eigen::Index i) const {
  const double now = category(mean, i);
  const double lower = limit(now - 1.0, i);
  const double upper = limit(now, i);
  const double least = 0.5 * alpha_;
  const double p_low = upper_tail((mean - lower) / (stretch * deviation));
  const double p_up = upper_tail((upper - mean) / (stretch * deviation));
  if (p_low >= least && p_up >= least) return;
  const double p_mid = 1.0 - p_low - p_up;
  const double low = std::max(p_low, least);  // p'
  const double up = std::max(p_up, least);
  const double share = (1.0 - low - up - p_mid) / (low + up + p_mid - 3.0 * least);
  const double q_low =
      upper_normal_quantile(std::min(kBelowHalf, low + share * (low - least)));  // p''
  const double q_up = upper_normal_quantile(std::min(kBelowHalf, up + share * (up - least)));
  mean = (lower * q_up + upper * q_low) / (q_low + q_up);
  stretch = (upper - lower) / (deviation * (q_low + q_up));
}

}  // namespace bbprompt
