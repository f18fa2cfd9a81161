#include "optim/simplex_projection.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace bbprompt {

Eigen::VectorXd project_to_simplex(const Eigen::VectorXd& y, double floor) {
  const double mass = std::max(0.0, 1.0 - static_cast<double>(y.size()) * floor);
  Eigen::VectorXd z = y.array() - floor;
  const double shift = z.maxCoeff();  // the answer does not change with a shift; sums stay exact
  z.array() -= shift;
  Eigen::VectorXd sorted = z;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double sum = 0.0;
  double theta = -mass;  // r = 1: the largest z is 0
  for (Eigen::Index r = 0; r < sorted.size(); ++r) {
    sum += sorted[r];
    const double candidate = (sum - mass) / static_cast<double>(r + 1);
    if (sorted[r] <= candidate) break;
    theta = candidate;
  }
  return (z.array() - theta).max(0.0) + floor;
}

Eigen::VectorXd project_by_bisection(const Eigen::VectorXd& p) {
  constexpr double kTolerance = 1e-3;
  constexpr int kMaxHalvings = 20;
  const auto shifted = [&](double v) -> Eigen::VectorXd {
    return (p.array() - v).max(0.0).min(1.0);
  };
  double low = 0.0;
  double high = p.maxCoeff();
  double v = 0.0;
  for (int halvings = 1;; ++halvings) {
    v = (low + high) / 2.0;
    const double excess = shifted(v).sum() - 1.0;
    if (std::abs(excess) < kTolerance || halvings > kMaxHalvings) break;
    (excess < 0.0 ? high : low) = v;
  }
  return shifted(v);
}

}  // namespace bbprompt
