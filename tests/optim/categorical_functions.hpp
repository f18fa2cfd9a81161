#pragma once

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/optim/optimizer.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt::testing {

inline SearchDomain categories(const std::vector<int>& counts) {
  return {.start = Eigen::VectorXd::Zero(std::ssize(counts)), .num_categories = counts};
}

inline SearchDomain categories(int num_coordinates, int count) {
  return categories(std::vector<int>(static_cast<std::size_t>(num_coordinates), count));
}

// The category that coordinate i wants; no two neighbours want the same.
inline double wanted(Eigen::Index i, int count) { return static_cast<double>((5 * i + 3) % count); }

// Number of coordinates that are not what is wanted.
inline Function one_max(int count) {
  return [count](const Eigen::VectorXd& x) {
    double wrong = 0.0;
    for (Eigen::Index i = 0; i < x.size(); ++i) wrong += x[i] == wanted(i, count) ? 0.0 : 1.0;
    return wrong;
  };
}

// Number of coordinates from the first wrong one on.
inline Function leading(int count) {
  return [count](const Eigen::VectorXd& x) {
    Eigen::Index right = 0;
    while (right < x.size() && x[right] == wanted(right, count)) ++right;
    return static_cast<double>(x.size() - right);
  };
}

// Losses like cross-entropies: mean 0.9, standard deviation 0.15 over uniform points, of a
// contribution of each coordinate and one of each pair of coordinates.
class PairLoss {
 public:
  PairLoss(Eigen::Index n, Eigen::Index count, std::uint64_t seed) {
    RandomStream random({.seed = seed, .purpose = "pair_loss"});
    const auto normal = [&] { return random.normal(); };
    single_ = Eigen::MatrixXd::NullaryExpr(n, count, normal);
    for (Eigen::Index i = 0; i < n; ++i) {
      features_.emplace_back(Eigen::MatrixXd::NullaryExpr(kNumFeatures, count, normal));
    }
  }

  // Standard deviations over the mean.
  [[nodiscard]] double standard(const Eigen::VectorXd& x) const {
    const auto n = static_cast<double>(x.size());
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(kNumFeatures);
    double alone = 0.0, pairs = 0.0;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const auto category = static_cast<Eigen::Index>(x[i]);
      const Eigen::VectorXd feature = features_[static_cast<std::size_t>(i)].col(category);
      alone += single_(i, category);
      pairs += sum.dot(feature);
      sum += feature;
    }
    return std::sqrt(0.75) * alone / std::sqrt(n) +
           0.5 * pairs / std::sqrt(0.5 * n * (n - 1.0) * kNumFeatures);
  }
  [[nodiscard]] double operator()(const Eigen::VectorXd& x) const {
    return 0.9 + 0.15 * standard(x);
  }

 private:
  static constexpr int kNumFeatures = 8;
  Eigen::MatrixXd single_;
  std::vector<Eigen::MatrixXd> features_;
};

}  // namespace bbprompt::testing
