#include "optim/simplex_projection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

// Tries every support: the projection is the nearest of the feasible points that move the entries
// of the support by the same amount and leave the others at the floor.
Eigen::VectorXd nearest_by_support(const Eigen::VectorXd& y, double floor) {
  Eigen::VectorXd best;
  double best_distance = std::numeric_limits<double>::infinity();
  for (unsigned support = 1; support < (1U << y.size()); ++support) {
    double sum = 0.0;
    double mass = 1.0;
    int size = 0;
    for (Eigen::Index j = 0; j < y.size(); ++j) {
      const bool is_in = (support >> j & 1U) != 0;
      is_in ? (sum += y[j], ++size) : mass -= floor;
    }
    Eigen::VectorXd q = Eigen::VectorXd::Constant(y.size(), floor);
    bool is_feasible = true;
    for (Eigen::Index j = 0; j < y.size(); ++j) {
      if ((support >> j & 1U) == 0) continue;
      q[j] = y[j] - (sum - mass) / size;
      is_feasible = is_feasible && q[j] >= floor;
    }
    const double distance = (q - y).squaredNorm();
    if (is_feasible && distance < best_distance) {
      best = q;
      best_distance = distance;
    }
  }
  return best;
}

// For each entry as the last of the support, in any order: O(n^2), no sorting.
Eigen::VectorXd project_by_thresholds(const Eigen::VectorXd& y, double floor) {
  const double mass = 1.0 - static_cast<double>(y.size()) * floor;
  const Eigen::ArrayXd z = y.array() - floor;
  for (Eigen::Index r = 0; r < y.size(); ++r) {
    const auto is_in = (z >= z[r]).cast<double>();
    const double theta = ((is_in * z).sum() - mass) / is_in.sum();
    const Eigen::ArrayXd q = (z - theta).max(0.0);
    if (std::abs(q.sum() - mass) < 1e-9) return q + floor;
  }
  return {};
}

Eigen::VectorXd random_vector(RandomStream& random, Eigen::Index size, double scale) {
  return Eigen::VectorXd::NullaryExpr(size, [&] { return scale * random.normal(); });
}

TEST(ProjectToSimplex, IsTheNearestPointByTryingEverySupport) {
  RandomStream random({.seed = 1, .purpose = "simplex"});
  for (int trial = 0; trial < 400; ++trial) {
    const auto size = static_cast<Eigen::Index>(1 + random.below(8));
    const double floor = trial % 3 == 0 ? 0.0 : random.uniform() / static_cast<double>(size);
    const auto y = random_vector(random, size, trial % 2 == 0 ? 0.3 : 3.0);
    const auto q = project_to_simplex(y, floor);
    ASSERT_LT((q - nearest_by_support(y, floor)).norm(), 1e-12) << trial;
  }
}

TEST(ProjectToSimplex, MeetsTheConditionsOfOptimalityOnLongRows) {
  RandomStream random({.seed = 2, .purpose = "simplex"});
  for (const Eigen::Index size : {2, 50, 200, 3000}) {
    for (const double scale : {1e-6, 0.01, 1.0, 1e3}) {
      const double floor = 0.01 / static_cast<double>(size);
      const auto y = random_vector(random, size, scale);
      const auto q = project_to_simplex(y, floor);
      ASSERT_GE(q.minCoeff(), floor);
      ASSERT_NEAR(q.sum(), 1.0, 1e-12);
      // y - q is one number on the support and at most that elsewhere.
      Eigen::Index top = 0;
      (void)q.maxCoeff(&top);
      const double theta = y[top] - q[top];
      for (Eigen::Index j = 0; j < size; ++j) {
        const double moved = y[j] - q[j];
        ASSERT_LE(moved, theta + 1e-12 * scale + 1e-15);
        if (q[j] > floor) {
          ASSERT_NEAR(moved, theta, 1e-12 * scale + 1e-15);
        }
      }
      ASSERT_LT((q - project_by_thresholds(y, floor)).norm(), 1e-9);
    }
  }
}

TEST(ProjectToSimplex, LeavesPointsOfTheSimplexAndHandlesTies) {
  const Eigen::Vector3d inside(0.2, 0.3, 0.5);
  EXPECT_LT((project_to_simplex(inside, 0.0) - inside).norm(), 1e-15);
  EXPECT_EQ(project_to_simplex(Eigen::Vector4d::Constant(-7.0), 0.0),
            Eigen::VectorXd::Constant(4, 0.25));
  EXPECT_EQ(project_to_simplex(Eigen::Vector3d(2.0, 0.0, 0.0), 0.0), Eigen::Vector3d(1, 0, 0));
  EXPECT_EQ(project_to_simplex(Eigen::Vector4d(9, -9, 1, 0), 0.25),
            Eigen::VectorXd::Constant(4, 0.25));
}

TEST(ProjectToSimplex, RaisesRowsWhoseSumIsUnderOne) {
  const Eigen::VectorXd q = project_to_simplex(Eigen::Vector3d(0.1, 0.2, 0.3), 0.0);
  EXPECT_LT((q - Eigen::Vector3d(0.7 / 3, 1.0 / 3, 1.3 / 3)).norm(), 1e-15);
}

TEST(ProjectByBisection, BringsSumsAboveOneDownToTheToleranceOfTheProgram) {
  RandomStream random({.seed = 3, .purpose = "simplex"});
  for (int trial = 0; trial < 100; ++trial) {
    const Eigen::VectorXd p =
        (random_vector(random, 50, 0.01).array() + 0.03).matrix().cwiseMax(0.0);
    ASSERT_GT(p.sum(), 1.0);
    const auto q = project_by_bisection(p);
    ASSERT_NEAR(q.sum(), 1.0, 1e-3);
    ASSERT_LT((q - project_to_simplex(p, 0.0)).cwiseAbs().maxCoeff(), 1e-3);
  }
}

TEST(ProjectByBisection, DoesNotRepairSumsUnderOneAsTheReleasedCode) {
  const Eigen::VectorXd p = Eigen::VectorXd::Constant(10, 0.09);
  const auto q = project_by_bisection(p);
  EXPECT_LE(q.sum(), 0.9);
  EXPECT_NEAR(q.sum(), 0.9, 1e-5);
  EXPECT_NEAR(project_to_simplex(p, 0.0).sum(), 1.0, 1e-15);
}

TEST(ProjectByBisection, MakesExactZeros) {
  Eigen::VectorXd p = Eigen::VectorXd::Constant(10, 0.12);
  p[3] = 0.001;
  EXPECT_EQ(project_by_bisection(p)[3], 0.0);
}

}  // namespace
}  // namespace bbprompt
