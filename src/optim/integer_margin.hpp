#pragma once

#include <Eigen/Core>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

// Integers in CMA-ES: CMA-ES with Margin (Hamano, Saito, Nomura and Shirakawa, GECCO 2022,
// arXiv 2205.13482). An integer coordinate is searched as a real one and evaluated as the integer
// whose interval it falls in; a diagonal A stretches steps for the evaluation alone, v = m +
// sigma A y. After each generation m and A are corrected so that the probability of an integer
// other than the mean's is at least alpha = 1 / (N lambda) in every such coordinate: without it a
// small sigma would keep a coordinate on one integer for ever.
//
// Inside, coordinate i is measured in units of unit_i: 1 where it is real; a quarter of its number
// of categories K_i where it is an integer, so that one initial sigma suits any number of them. The
// intervals of integers k and k + 1 meet at l_k = (k + 1/2) / unit_i and belong to the lower one.
class IntegerMargin {
 public:
  IntegerMargin(const SearchDomain& domain, Eigen::Index population_size);

  [[nodiscard]] double alpha() const { return alpha_; }
  [[nodiscard]] Eigen::VectorXd to_inside(const Eigen::VectorXd& point) const;

  // Points by column, as they are evaluated: integers are whole numbers from 0 to K - 1.
  [[nodiscard]] Eigen::MatrixXd to_domain(const Eigen::MatrixXd& inside) const;

  // The correction of mean m and stretch A; `deviations` are sigma sqrt(C_ii), without A.
  void correct(Eigen::VectorXd& mean, Eigen::VectorXd& stretch,
               const Eigen::VectorXd& deviations) const;

 private:
  [[nodiscard]] double category(double inside, Eigen::Index i) const;
  [[nodiscard]] double limit(double category, Eigen::Index i) const {  // l_k
    return (category + 0.5) / units_[i];
  }
  void correct_inner(double& mean, double& stretch, double deviation, Eigen::Index i) const;

  Eigen::VectorXd units_;
  std::vector<int> num_categories_;
  double alpha_;
  double alpha_quantile_;  // of the standard normal distribution, upper tail
};

// x with P(X > x) = probability for X ~ N(0, 1); probability in (0, 0.5].
[[nodiscard]] double upper_normal_quantile(double probability);

}  // namespace bbprompt
