#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "optim/categorical_distribution.hpp"
#include "optim/policy_gradient_estimate.hpp"

namespace bbprompt {

// Variance-reduced policy gradient on the probabilities of one categorical distribution per
// coordinate: black-box discrete prompt learning (Diao et al., TMLR 2023, arXiv 2201.08531). All
// coordinates must be categories; they start uniform, whatever the start. A generation draws I
// points, estimates the gradient of the expected loss, clips it, steps, and brings every row back
// to the simplex. favourite() is the most probable category of each coordinate.
//
// kCorrected
//   - score_gradient(): unbiased, nothing for categories that were not drawn, along the simplex.
//   - project_to_simplex() with the floor min_probability / K_i: exact, every row sums to 1, every
//     category can be drawn again, 1 / p stays bounded.
//   - Failed losses as in usable_losses(). With fewer than two usable ones the generation counts
//     but teaches nothing.
// kReleased is what the published program does, kept to be measured against:
//   - released_gradient(), AdamW, project_by_bisection(), no floor. Computed in double precision;
//     the program has float32, which makes no difference to what follows: zeros come from clamping.
//   - A probability that the projection clamped to 0 makes the whole next gradient NaN. tell() then
//     leaves the distribution as it was, the last that can be drawn from, and stop_reason() is
//     kZeroProbability from then on; later fitness is not learned from. The same where a row is
//     left without any mass. The program goes on and fails in its next draw.
//   - Failed losses as above: the program has none.
//
// learning_rate 0 means 1e-4 for kReleased, the setting published with the program, which hardly
// moves the probabilities in the 30 steps it was published with; for kCorrected 0.01 with AdamW and
// 0.003 with plain steps. These and the floor are among the best of a grid (AdamW 0.0001 to 0.1,
// plain 0.001 to 1, floor 0.0001 to 0.5) on synthetic losses of deviation 0.15, a quarter of whose
// variance is made by pairs of coordinates, with noise of 0.03: n 5 to 10, K 100 and 200, I = 20,
// 25 to 100 generations. The mode of 12 runs each ended 4.1 to 5.8 deviations under the mean loss
// with AdamW and 3.7 to 5.5 with plain steps; random search with the same evaluations 2.7 to 3.3, a
// rate of 1e-4 2.3 to 4.1, CatCma with the same population 4.5 to 6.8.
class VariancePolicyGradient final : public Optimizer {
 public:
  // Throws Error for a domain with a real coordinate or a coordinate of one category, a population
  // under 2, and options that are negative or not finite; for kCorrected also unless
  // 0 < min_probability <= 1.
  VariancePolicyGradient(const PolicyGradientOptions& options, const SearchDomain& domain,
                         const OptimizerSeed& seed);

  // "policy_gradient", or "released_policy_gradient".
  [[nodiscard]] std::string kind() const override;
  [[nodiscard]] Eigen::Index dimension() const override { return state_.distribution.size(); }
  [[nodiscard]] Eigen::Index population_size() const override { return options_.population_size; }
  // Generation g is drawn from RandomStream{seed, trial, g, "policy_gradient"}.
  [[nodiscard]] Population ask() override;
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override;
  [[nodiscard]] Eigen::VectorXd favourite() const override { return state_.distribution.mode(); }
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override {
    return points(count, "policy_gradient_sample");
  }
  [[nodiscard]] OptimizerStatistics statistics() const override { return {}; }

  // Arrays, one entry per category of each coordinate: probabilities, first_moment, second_moment.
  // Integers: seed and trial (bits of the unsigned number), generation, population_size, is_asked,
  // num_steps, is_stopped.
  [[nodiscard]] OptimizerState save() const override;
  void restore(const OptimizerState& state) override;

  [[nodiscard]] const CategoricalDistribution& distribution() const { return state_.distribution; }
  [[nodiscard]] double learning_rate() const { return rule_.rate; }

 private:
  struct State {
    OptimizerSeed seed;
    std::int64_t generation = 0;
    CategoricalDistribution distribution;
    Moments moments;
    bool is_asked = false;
    bool is_stopped = false;
  };

  [[nodiscard]] bool is_released() const {
    return options_.variant == PolicyGradientVariant::kReleased;
  }
  [[nodiscard]] Eigen::MatrixXd points(Eigen::Index count, const std::string& purpose) const;
  void learn(State& state, const ScoredPoints& population) const;
  void project(CategoricalDistribution& distribution) const;

  PolicyGradientOptions options_;
  DescentRule rule_;
  Eigen::VectorXd floors_;  // least probability, by coordinate
  State state_;
};

}  // namespace bbprompt
