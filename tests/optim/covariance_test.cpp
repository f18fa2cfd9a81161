#include "optim/covariance.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

double distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

CovarianceUpdate example_update() {
  return {.decay = 0.8,
          .path_weight = 0.1,
          .path = testing::normals(4, 1, "path"),
          .step_weights = Eigen::Vector3d(0.2, 0.05, -0.02)};
}

Eigen::MatrixXd by_loops(Eigen::MatrixXd c, const CovarianceUpdate& u, const Eigen::MatrixXd& y) {
  for (Eigen::Index i = 0; i < c.rows(); ++i) {
    for (Eigen::Index j = 0; j < c.cols(); ++j) {
      double value = u.decay * c(i, j) + u.path_weight * u.path[i] * u.path[j];
      for (Eigen::Index k = 0; k < y.cols(); ++k) value += u.step_weights[k] * y(i, k) * y(j, k);
      c(i, j) = value;
    }
  }
  return c;
}

TEST(FullCovariance, UpdatesAsTheFormulaSaysAndDecomposesOnDemand) {
  FullCovariance covariance(4);
  const Eigen::MatrixXd steps = testing::normals(4, 3, "steps");
  Eigen::MatrixXd expected = Eigen::MatrixXd::Identity(4, 4);
  for (int round = 0; round < 3; ++round) {
    covariance.update(example_update(), steps);
    expected = by_loops(expected, example_update(), steps);
  }
  EXPECT_LT(distance(covariance.matrix(), expected), 1e-14);
  EXPECT_EQ(covariance.basis(), Eigen::MatrixXd::Identity(4, 4));
  covariance.decompose();
  const Eigen::MatrixXd root = covariance.stretch(Eigen::MatrixXd::Identity(4, 4));
  EXPECT_LT(distance(root * root.transpose(), expected), 1e-14);
  const Eigen::VectorXd z = testing::normals(4, 1, "z");
  const Eigen::VectorXd y = root * z;
  EXPECT_NEAR(covariance.rotate(z).squaredNorm(), y.dot(expected.inverse() * y), 1e-12);
}

TEST(FullCovariance, RaisesEigenvaluesThatAreRoundingNoise) {
  const Eigen::MatrixXd basis = testing::rotation(4);
  FullCovariance covariance(4);
  // Takes the first direction out completely, up to rounding and a little beyond.
  covariance.update({.decay = 1.0,
                     .path_weight = 0.0,
                     .path = Eigen::VectorXd::Zero(4),
                     .step_weights = Eigen::VectorXd::Constant(1, -1.0 - 1e-10)},
                    basis.leftCols(1));
  covariance.decompose();
  const double floor = std::numeric_limits<double>::epsilon();
  EXPECT_NEAR(covariance.axis_lengths()[0], std::sqrt(floor), 1e-20);
  EXPECT_GT(basis.col(0).dot(covariance.matrix() * basis.col(0)), -floor);
  EXPECT_LT(distance(covariance.matrix(),
                     Eigen::MatrixXd::Identity(4, 4) - basis.col(0) * basis.col(0).transpose()),
            1e-9);
}

TEST(FullCovariance, RefusesToDecomposeWhatHasNoBasis) {
  for (const double weight : {-2.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    FullCovariance covariance(2);
    covariance.update({.decay = 1.0,
                       .path_weight = 0.0,
                       .path = Eigen::VectorXd::Zero(2),
                       .step_weights = Eigen::Vector2d(weight, weight)},
                      Eigen::Matrix2d::Identity());
    EXPECT_THROW(covariance.decompose(), Error) << weight;
    EXPECT_EQ(covariance.basis(), Eigen::MatrixXd::Identity(2, 2));
  }
}

TEST(DiagonalCovariance, IsTheDiagonalOfTheFullUpdate) {
  DiagonalCovariance covariance(4);
  const Eigen::MatrixXd steps = testing::normals(4, 3, "steps");
  covariance.update(example_update(), steps);
  covariance.decompose();
  const Eigen::VectorXd expected =
      by_loops(Eigen::MatrixXd::Identity(4, 4), example_update(), steps).diagonal();
  EXPECT_LT(distance(covariance.variances(), expected), 1e-15);
  EXPECT_LT(distance(covariance.stretch(steps), expected.cwiseSqrt().asDiagonal() * steps), 1e-15);
}

TEST(DiagonalCovariance, RefusesVariancesThatCannotBe) {
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Eigen::VectorXd variances = Eigen::Vector2d(1.0, bad);
    EXPECT_THROW((void)DiagonalCovariance(variances), Error) << bad;
  }
}

}  // namespace
}  // namespace bbprompt
