#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "optim/categorical_distribution.hpp"

namespace bbprompt {

// CatCMA with margin (Hamano et al., arXiv 2504.07884) for points of n categorical coordinates
// only: natural gradient ascent on the probabilities q, uniform at first whatever the start, with
// the step adaptation of ASNG (Akimoto et al., ICML 2019). Per generation, best candidate first:
//   G     = sum_k w_k (onehot_k - q),  w_k = max(0, ln((lambda+1)/2) - ln k) scaled to sum 1
//   q    += delta G / ||F^(1/2) G||    F: Fisher information, in the K_i - 1 free probabilities
//   beta  = delta / sqrt(n_free), n_free = sum_i (K_i - 1)
//   s     = (1 - beta) s + sqrt(beta (2 - beta)) F^(1/2) G / ||F^(1/2) G||
//   gamma = (1 - beta)^2 gamma + beta (2 - beta)
//   delta = delta exp(beta (||s||^2 / 1.5 - gamma)),  delta = 1 at first
// and then the margin: q_ij is raised to m_i = (1 - 0.73^(1/n)) / (K_i - 1) where it is under it
// and the excess over m_i scaled so that every row sums to 1. No category is ever lost.
//
// Three things that the papers leave open: candidates of equal fitness share their weights evenly,
// so that their index does not matter; a generation whose fitness is all equal counts but teaches
// nothing; beta is at most 1. Only ranks matter to the path. Never stops by itself. favourite() is
// the most probable category of each coordinate.
//
// Evaluations until favourite() was the optimum, 8 seeds: counting right coordinates, n 10 of K 5
// 110 to 580, of K 50 1260 to 6570; counting right ones before the first wrong one, n 8 of K 4 170
// to 910, n 10 of K 10 2510 to 5530.
class CatCma final : public Optimizer {
 public:
  // Throws Error for a domain with a real coordinate or a coordinate of one category, and a
  // population of 1 or negative.
  CatCma(const CatCmaOptions& options, const SearchDomain& domain, const OptimizerSeed& seed);

  [[nodiscard]] std::string kind() const override { return "cat_cma"; }
  [[nodiscard]] Eigen::Index dimension() const override { return state_.distribution.size(); }
  [[nodiscard]] Eigen::Index population_size() const override { return population_size_; }
  // Generation g is drawn from RandomStream{seed, trial, g, "cat_cma"}.
  [[nodiscard]] Population ask() override;
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override { return std::nullopt; }
  [[nodiscard]] Eigen::VectorXd favourite() const override { return state_.distribution.mode(); }
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override {
    return points(count, "cat_cma_sample");
  }
  [[nodiscard]] OptimizerStatistics statistics() const override { return {}; }

  // Arrays: probabilities (one per category of each coordinate), path (n_free x 1), delta and gamma
  // (1 x 1). Integers: seed and trial (bits of the unsigned number), generation, population_size,
  // is_asked.
  [[nodiscard]] OptimizerState save() const override;
  void restore(const OptimizerState& state) override;

  [[nodiscard]] const CategoricalDistribution& distribution() const { return state_.distribution; }
  [[nodiscard]] double margin(Eigen::Index i) const { return margins_[i]; }

 private:
  struct State {
    OptimizerSeed seed;
    std::int64_t generation = 0;
    CategoricalDistribution distribution;  // q
    Eigen::VectorXd path;                  // s
    double delta = 1.0;
    double gamma = 0.0;
    bool is_asked = false;
  };

  [[nodiscard]] Eigen::MatrixXd points(Eigen::Index count, const std::string& purpose) const;
  void learn(const Eigen::MatrixXd& points, const Eigen::VectorXd& weights);
  void adapt_step(const Eigen::VectorXd& direction);
  void apply_margin();

  Eigen::Index population_size_;
  Eigen::VectorXd weights_;  // by rank, best first
  Eigen::VectorXd margins_;
  State state_;
};

// F^(1/2) G of a direction G in the probabilities, whose sum over each coordinate is 0: per
// coordinate G_j / sqrt(q_j) + sqrt(q_j) (sum_l G_l) / (q_K + sqrt(q_K)) with j, l < K. Its squared
// norm is G^T F G = sum_j G_j^2 / q_j over all K categories.
[[nodiscard]] Eigen::VectorXd root_fisher(const CategoricalDistribution& q,
                                          const Eigen::VectorXd& direction);

}  // namespace bbprompt
