#include "optim/covariance.hpp"

#include <Eigen/Eigenvalues>
#include <limits>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// What rounding can do to a covariance that was saved, and to an orthonormal basis.
constexpr double kNegativeTolerance = 1e-12;
constexpr double kOrthonormalTolerance = 1e-8;

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(message);
}

}  // namespace

FullCovariance::FullCovariance(Eigen::Index dimension)
    : matrix_(Eigen::MatrixXd::Identity(dimension, dimension)),
      basis_(Eigen::MatrixXd::Identity(dimension, dimension)),
      axis_lengths_(Eigen::VectorXd::Ones(dimension)) {}

FullCovariance::FullCovariance(const Eigen::MatrixXd& matrix, const Eigen::MatrixXd& basis,
                               const Eigen::VectorXd& axis_lengths)
    : matrix_(matrix.triangularView<Eigen::Lower>()), basis_(basis), axis_lengths_(axis_lengths) {
  const auto n = axis_lengths.size();
  require(
      n > 0 && matrix.rows() == n && matrix.cols() == n && basis.rows() == n && basis.cols() == n,
      "covariance: matrix, eigenvectors and axis lengths are empty or differ in size");
  require(matrix.allFinite() && basis.allFinite() && axis_lengths.allFinite(),
          "covariance: a value is not finite");
  require(matrix == matrix.transpose(), "covariance: the matrix is not symmetric");
  require(axis_lengths.minCoeff() > 0.0, "covariance: an axis length is not positive");
  require((basis.transpose() * basis - Eigen::MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff() <
              kOrthonormalTolerance,
          "covariance: the eigenvectors are not orthonormal");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix_, Eigen::EigenvaluesOnly);
  require(solver.info() == Eigen::Success && matrix.diagonal().minCoeff() > 0.0 &&
              solver.eigenvalues()[0] > -kNegativeTolerance * solver.eigenvalues()[n - 1],
          "covariance: the matrix is not positive definite");
}

Eigen::MatrixXd FullCovariance::stretch(const Eigen::MatrixXd& normals) const {
  return basis_ * (axis_lengths_.asDiagonal() * normals);
}

Eigen::VectorXd FullCovariance::rotate(const Eigen::VectorXd& normal) const {
  return basis_ * normal;
}

void FullCovariance::update(const CovarianceUpdate& update, const Eigen::MatrixXd& steps) {
  const Eigen::MatrixXd weighted = steps * update.step_weights.asDiagonal();
  matrix_.triangularView<Eigen::Lower>() *= update.decay;
  matrix_.selfadjointView<Eigen::Lower>().rankUpdate(update.path, update.path_weight);
  matrix_.triangularView<Eigen::Lower>() += weighted * steps.transpose();
}

void FullCovariance::decompose() {
  require(is_finite(), "covariance: a value is no longer finite");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix_);
  const double largest = solver.info() == Eigen::Success ? solver.eigenvalues().tail(1)[0] : 0.0;
  require(solver.eigenvectors().allFinite() && largest > 0.0,
          "covariance: no eigendecomposition with a positive eigenvalue was found");
  const Eigen::VectorXd values = solver.eigenvalues().cwiseMax(kEpsilon * largest);
  basis_ = solver.eigenvectors();
  axis_lengths_ = values.cwiseSqrt();
  if (solver.eigenvalues()[0] < values[0]) {
    const Eigen::MatrixXd scaled = basis_ * values.asDiagonal();
    matrix_.triangularView<Eigen::Lower>() = scaled * basis_.transpose();
  }
}

Eigen::MatrixXd FullCovariance::matrix() const { return matrix_.selfadjointView<Eigen::Lower>(); }

DiagonalCovariance::DiagonalCovariance(Eigen::Index dimension)
    : variances_(Eigen::VectorXd::Ones(dimension)),
      axis_lengths_(Eigen::VectorXd::Ones(dimension)) {}

DiagonalCovariance::DiagonalCovariance(const Eigen::VectorXd& variances) : variances_(variances) {
  decompose();
}

Eigen::MatrixXd DiagonalCovariance::stretch(const Eigen::MatrixXd& normals) const {
  return axis_lengths_.asDiagonal() * normals;
}

void DiagonalCovariance::update(const CovarianceUpdate& update, const Eigen::MatrixXd& steps) {
  variances_ = update.decay * variances_ + update.path_weight * update.path.cwiseAbs2();
  for (Eigen::Index i = 0; i < steps.cols(); ++i) {
    variances_ += update.step_weights[i] * steps.col(i).cwiseAbs2();
  }
}

void DiagonalCovariance::decompose() {
  require(variances_.allFinite() && (variances_.array() > 0.0).all(),
          "covariance: a variance is not positive and finite");
  axis_lengths_ = variances_.cwiseSqrt();
}

}  // namespace bbprompt
