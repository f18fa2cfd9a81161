#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "optim/cma_es.hpp"

namespace bbprompt {

// CMA-ES in several runs: when a stop rule other than the target holds, the next run begins at
// once, unless this was the run with the population doubled for the max_restarts-th time. The first
// run is what CmaEs alone would do, to the bit; a later one starts at a point drawn from the first
// distribution, N(start, sigma^2 I) (integers: in their units, clamped to their range), with seeds
// of its own.
//
// RestartKind::kIpop (Auger and Hansen, CEC 2005): each run has twice the population of the one
// before.
// RestartKind::kBipop (Hansen, BBOB 2009): two regimes; a run belongs to the one that has spent
// fewer evaluations so far, to the first where both are even. The first regime is as above and
// counts the first run. In the second, with lambda_0 and lambda_1 the populations of the first run
// and of the last one of the first regime, and U uniform in (0, 1), drawn anew each time:
//   population    max(2, floor(lambda_0 (lambda_1 / (2 lambda_0))^(U^2)))
//   initial sigma sigma 10^(-2 U)
//   evaluations   at most half of those of the first regime's last run (stop reason maxiter)
// Runs of the second regime are not counted as restarts. No population passes 2^20.
//
// favourite() is the mean of the current run as long as the best fitness of all runs is of that
// run, else the best point of all: the mean of a run that found nothing better is a worse bet.
class RestartedCmaEs final : public Optimizer {
 public:
  // Throws Error as CmaEs does, and for kinds of restart that are none.
  RestartedCmaEs(const CmaEsOptions& options, const SearchDomain& domain,
                 const OptimizerSeed& seed);

  // "ipop_" or "bipop_" before the kind of CmaEs.
  [[nodiscard]] std::string kind() const override;
  [[nodiscard]] Eigen::Index dimension() const override { return domain_.start.size(); }
  [[nodiscard]] Eigen::Index population_size() const override { return run_.population_size(); }
  [[nodiscard]] Population ask() override;  // generations count on from run to run
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override {
    return run_.stop_reason();
  }
  [[nodiscard]] Eigen::VectorXd favourite() const override;
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override {
    return run_.sample(count);
  }
  [[nodiscard]] OptimizerStatistics statistics() const override { return run_.statistics(); }

  // Arrays: best (N x 1), best_fitness (1 x 1, may be infinite). Integers: seed and trial (bits of
  // the unsigned number), generation, run (from 1), num_doublings, is_small, large_evaluations,
  // small_evaluations, last_large_evaluations (of completed runs), best_run (0: none), is_asked.
  // All of the current run's CmaEs with "run_" before its name.
  [[nodiscard]] OptimizerState save() const override;
  void restore(const OptimizerState& state) override;

  // Runs begun after the first, those of the second regime too.
  [[nodiscard]] std::int64_t num_restarts() const { return plan_.run - 1; }

 private:
  // What a run's settings follow from, in addition to options and domain.
  struct Plan {
    OptimizerSeed seed;
    std::int64_t run = 1;
    std::int64_t num_doublings = 0;
    bool is_small = false;  // of the second regime
    std::int64_t large_evaluations = 0;
    std::int64_t small_evaluations = 0;
    std::int64_t last_large_evaluations = 0;
  };
  struct Best {
    Eigen::VectorXd point;
    double fitness = std::numeric_limits<double>::infinity();
    std::int64_t run = 0;
  };

  [[nodiscard]] Plan next_plan(std::int64_t num_evaluations) const;
  [[nodiscard]] CmaEs make_run(const Plan& plan) const;
  [[nodiscard]] Plan read_plan(const OptimizerState& state) const;

  CmaEsOptions options_;
  SearchDomain domain_;
  Plan plan_;
  CmaEs run_;
  std::int64_t generation_ = 0;       // completed, over all runs
  std::int64_t run_evaluations_ = 0;  // of the current run
  Best best_;
  std::optional<Eigen::MatrixXd> asked_;  // candidates between ask() and tell()
};

}  // namespace bbprompt
