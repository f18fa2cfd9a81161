#include "optim/policy_gradient_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bbprompt {
namespace {

constexpr double kMaxLoss = 1e15;

bool is_usable(double loss) { return std::abs(loss) <= kMaxLoss; }  // false for NaN

}  // namespace

std::optional<Eigen::VectorXd> usable_losses(const Eigen::VectorXd& fitness) {
  double worst = -std::numeric_limits<double>::infinity();
  Eigen::Index num_usable = 0;
  for (const double loss : fitness) {
    if (!is_usable(loss)) continue;
    worst = std::max(worst, loss);
    ++num_usable;
  }
  if (num_usable < 2) return std::nullopt;
  Eigen::VectorXd losses = fitness;
  for (double& loss : losses) {
    if (!is_usable(loss)) loss = worst;
  }
  return losses;
}

Eigen::VectorXd score_gradient(const CategoricalDistribution& distribution,
                               const ScoredPoints& population) {
  const auto& [points, losses] = population;
  const double baseline = losses.mean();
  const double share = 1.0 / static_cast<double>(losses.size() - 1);
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(distribution.probabilities.size());
  for (Eigen::Index k = 0; k < losses.size(); ++k) {
    for (Eigen::Index i = 0; i < distribution.size(); ++i) {
      const auto place = distribution.place(i, points(i, k));
      gradient[place] += share * (losses[k] - baseline) / distribution.probabilities[place];
    }
  }
  return gradient;
}

Eigen::VectorXd released_gradient(const CategoricalDistribution& distribution,
                                  const ScoredPoints& population) {
  const auto& [points, losses] = population;
  const double baseline = losses.mean();
  const double share = 1.0 / static_cast<double>(losses.size() - 1);
  const Eigen::VectorXd inverse = distribution.probabilities.cwiseInverse();
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(inverse.size());
  for (Eigen::Index k = 0; k < losses.size(); ++k) {
    Eigen::VectorXd score = -inverse;
    for (Eigen::Index i = 0; i < distribution.size(); ++i) {
      score[distribution.place(i, points(i, k))] *= -1.0;
    }
    gradient += share * (losses[k] - baseline) * score;
  }
  return gradient;
}

void clip_norm(Eigen::VectorXd& gradient, double max_norm) {
  const double norm = gradient.norm();
  if (max_norm == 0.0 || norm <= max_norm) return;
  gradient *= max_norm / norm;  // NaN where the norm is
}

void descend(const DescentRule& rule, const Eigen::VectorXd& gradient, Eigen::VectorXd& p,
             Moments& moments) {
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  constexpr double kEpsilon = 1e-8;
  p *= 1.0 - rule.rate * rule.decay;
  ++moments.num_steps;
  if (!rule.is_adam) {
    p -= rule.rate * gradient;
    return;
  }
  moments.first = kBeta1 * moments.first + (1.0 - kBeta1) * gradient;
  moments.second = kBeta2 * moments.second + (1.0 - kBeta2) * gradient.cwiseAbs2();
  const auto t = static_cast<double>(moments.num_steps);
  const double correction = 1.0 - std::pow(kBeta1, t);
  const double scale = std::sqrt(1.0 - std::pow(kBeta2, t));
  p.array() -= (rule.rate / correction) * moments.first.array() /
               (moments.second.array().sqrt() / scale + kEpsilon);
}

}  // namespace bbprompt
