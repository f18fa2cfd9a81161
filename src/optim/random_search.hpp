#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"

namespace bbprompt {

// The baseline every optimizer must beat: candidates independent of all fitness, real coordinates
// start + sigma N(0, 1), categories uniform. Generation g is drawn from RandomStream{seed, trial,
// g, "random_search"}, candidate after candidate. Never stops by itself. favourite() is the best
// point so far, the first of equal ones; the start, categories rounded, as long as no fitness below
// +infinity was told.
class RandomSearch final : public Optimizer {
 public:
  // Throws Error for a population under 2, sigma not positive and finite, or a domain that cannot
  // be.
  RandomSearch(const RandomSearchOptions& options, const SearchDomain& domain,
               const OptimizerSeed& seed);

  [[nodiscard]] std::string kind() const override { return "random_search"; }
  [[nodiscard]] Eigen::Index dimension() const override { return domain_.start.size(); }
  [[nodiscard]] Eigen::Index population_size() const override { return options_.population_size; }
  [[nodiscard]] Population ask() override;
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override { return std::nullopt; }
  [[nodiscard]] Eigen::VectorXd favourite() const override { return state_.best; }
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override {
    return points(count, "random_search_sample");
  }
  [[nodiscard]] OptimizerStatistics statistics() const override;

  // Arrays: best (N x 1), best_fitness (1 x 1, may be infinite). Integers: seed and trial (bits of
  // the unsigned number), generation, population_size, is_asked.
  [[nodiscard]] OptimizerState save() const override;
  void restore(const OptimizerState& state) override;

 private:
  struct State {
    OptimizerSeed seed;
    std::int64_t generation = 0;
    Eigen::VectorXd best;
    double best_fitness = std::numeric_limits<double>::infinity();
    bool is_asked = false;
  };

  [[nodiscard]] Eigen::MatrixXd points(Eigen::Index count, const std::string& purpose) const;

  RandomSearchOptions options_;
  SearchDomain domain_;
  State state_;
};

}  // namespace bbprompt
