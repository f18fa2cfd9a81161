#pragma once

#include <Eigen/Core>
#include <variant>

namespace bbprompt {

// C <- decay C + path_weight path path^T + sum_i step_weights_i y_i y_i^T
// (tutorial, arXiv 1604.00772, eq. 47). Weights of steps may be negative.
struct CovarianceUpdate {
  double decay = 1.0;
  double path_weight = 0.0;
  Eigen::VectorXd path;          // N
  Eigen::VectorXd step_weights;  // lambda
};

// The N x N covariance C with an eigenbasis C = B D^2 B^T that may be older than C: update()
// changes C alone, decompose() brings the basis up to date. Both classes below start as the
// identity and have the same members, for use in a std::variant.
class FullCovariance {
 public:
  explicit FullCovariance(Eigen::Index dimension);

  // From saved parts. Throws Error unless `matrix` is symmetric and positive up to rounding,
  // `basis` orthonormal, and `axis_lengths` positive; all finite and of matching size.
  FullCovariance(const Eigen::MatrixXd& matrix, const Eigen::MatrixXd& basis,
                 const Eigen::VectorXd& axis_lengths);

  [[nodiscard]] Eigen::MatrixXd stretch(const Eigen::MatrixXd& normals) const;  // B D z, by column
  [[nodiscard]] Eigen::VectorXd rotate(const Eigen::VectorXd& normal) const;    // B z

  void update(const CovarianceUpdate& update, const Eigen::MatrixXd& steps);  // y: N x lambda

  // Eigenvalues below machine epsilon times the largest are rounding noise: they are raised to
  // that bound, in C too (condition 4.5e15, so the condition stop rule sees it). Throws Error, and
  // changes nothing, when C is not finite, has no positive eigenvalue, or the solver fails.
  void decompose();

  [[nodiscard]] bool is_finite() const { return matrix_.allFinite(); }
  [[nodiscard]] Eigen::VectorXd variances() const { return matrix_.diagonal(); }
  [[nodiscard]] const Eigen::VectorXd& axis_lengths() const { return axis_lengths_; }  // of D
  [[nodiscard]] Eigen::VectorXd axis(Eigen::Index index) const { return basis_.col(index); }
  [[nodiscard]] Eigen::MatrixXd matrix() const;  // C, both triangles
  [[nodiscard]] const Eigen::MatrixXd& basis() const { return basis_; }

 private:
  Eigen::MatrixXd matrix_;  // lower triangle alone is kept, so C cannot lose its symmetry
  Eigen::MatrixXd basis_;
  Eigen::VectorXd axis_lengths_;
};

// A diagonal covariance: memory and time O(N) per step (Ros and Hansen, PPSN 2008). Its basis is
// the coordinate system and never old.
class DiagonalCovariance {
 public:
  explicit DiagonalCovariance(Eigen::Index dimension);

  // Throws Error unless every variance is positive and finite.
  explicit DiagonalCovariance(const Eigen::VectorXd& variances);

  [[nodiscard]] Eigen::MatrixXd stretch(const Eigen::MatrixXd& normals) const;
  [[nodiscard]] Eigen::VectorXd rotate(const Eigen::VectorXd& normal) const { return normal; }
  void update(const CovarianceUpdate& update, const Eigen::MatrixXd& steps);  // y: N x lambda
  void decompose();  // throws Error unless every variance is positive and finite

  [[nodiscard]] bool is_finite() const { return variances_.allFinite(); }
  [[nodiscard]] const Eigen::VectorXd& variances() const { return variances_; }
  [[nodiscard]] const Eigen::VectorXd& axis_lengths() const { return axis_lengths_; }

 private:
  Eigen::VectorXd variances_;
  Eigen::VectorXd axis_lengths_;  // square roots of the variances
};

using Covariance = std::variant<FullCovariance, DiagonalCovariance>;

}  // namespace bbprompt
