#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>

#include "optim/categorical_distribution.hpp"

namespace bbprompt {

// One population: points, one per column, and a loss for each.
struct ScoredPoints {
  Eigen::MatrixXd points;
  Eigen::VectorXd losses;
};

// Losses for an estimate: one that is not a number of magnitude up to 1e15 (NaN and +infinity stand
// for failed evaluations) counts as the worst of the others, so that its candidate is disliked but
// weighs no more than one that was scored. Nothing where fewer than two are left.
[[nodiscard]] std::optional<Eigen::VectorXd> usable_losses(const Eigen::VectorXd& fitness);

// Variance-reduced score-function gradient of the expected loss in the probabilities, laid out as
// they are. F(p) = sum over points x of L(x) prod_i p_(i, x_i) is a polynomial in the p_ij, and
//   dF/dp_ij = E[ L(x) 1{x_i = j} / p_ij ],
// so 1{x_i = j} / p_ij is the score; it has mean 1 whatever p, hence the sample covariance
//   g_ij = 1/(I-1) sum_k (L_k - mean L) 1{x_ki = j} / p_ij
// is an unbiased estimate of dF/dp_ij - F(p). That F(p) is the same for all categories of a
// coordinate, a direction normal to the simplex, which sum_j p_ij = 1 forbids: along the simplex
// the estimate is unbiased. It is nothing for categories that were not drawn, and p_ij > 0 is
// needed for drawn ones only, which have it. (Taking the mean of each coordinate off would leave
// the same gradient along the simplex, but turns the zeros into small numbers that Adam blows up.)
[[nodiscard]] Eigen::VectorXd score_gradient(const CategoricalDistribution& distribution,
                                             const ScoredPoints& population);

// The estimate of the released code: g_ij = 1/(I-1) sum_k (L_k - mean L) s_kij / p_ij with s = 1
// where j was drawn and -1 elsewhere. As sum_k (L_k - mean L) = 0 it is twice the covariance above
// up to rounding; with p_ij = 0 it is infinity less infinity, NaN.
[[nodiscard]] Eigen::VectorXd released_gradient(const CategoricalDistribution& distribution,
                                                const ScoredPoints& population);

// AdamW (Loshchilov and Hutter, ICLR 2019) with beta 0.9 and 0.999, epsilon 1e-8, or, where is_adam
// is not set, a plain step; decay is decoupled in both: p <- p (1 - rate decay) before the step.
struct DescentRule {
  double rate = 0.0;
  double decay = 0.0;
  bool is_adam = true;
};
struct Moments {
  Eigen::VectorXd first;
  Eigen::VectorXd second;
  std::int64_t num_steps = 0;
};

// Scales the gradient down to this norm where it is longer; 0: never.
void clip_norm(Eigen::VectorXd& gradient, double max_norm);

// One step of p and the moments.
void descend(const DescentRule& rule, const Eigen::VectorXd& gradient, Eigen::VectorXd& p,
             Moments& moments);

}  // namespace bbprompt
