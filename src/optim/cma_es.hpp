#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "optim/cma_es_parameters.hpp"
#include "optim/cma_es_stop_rules.hpp"
#include "optim/covariance.hpp"
#include "optim/integer_margin.hpp"

namespace bbprompt {

// CMA-ES with weighted recombination, cumulative step-size adaptation, rank-one and rank-mu update
// and, unless switched off, active update (N. Hansen, The CMA Evolution Strategy: A Tutorial, arXiv
// 1604.00772); its diagonal variant for CovarianceKind::kSeparable (Ros and Hansen, PPSN 2008).
//
// Generation g is drawn from RandomStream{seed, trial, g, "cma_es"}, candidate after candidate, so
// the generation number is the whole state of randomness. Ties in fitness are broken by index.
// Only ranks matter to the path; fitness values matter to the stop rules alone.
//
// Integer coordinates of the domain, where it has any, are searched with a margin (IntegerMargin):
// ask(), sample() and favourite() give whole numbers there, and sigma is in units of a quarter of
// the number of categories. Their order is taken as meaningful: neighbours are tried first.
//
// tell() throws Error, and leaves everything as it was, should the new distribution not be
// representable: sigma outside the normal doubles, a value not finite, a failed decomposition.
class CmaEs final : public Optimizer {
 public:
  // Throws Error as make_cma_es_parameters does, and for a start that is empty, not finite or
  // outside the categories. Blocks of the domain are searched as one.
  CmaEs(const CmaEsOptions& options, const SearchDomain& domain, const OptimizerSeed& seed);
  CmaEs(const CmaEsOptions& options, const Eigen::VectorXd& start, const OptimizerSeed& seed);

  // "cma_es" or "separable_cma_es", "integer_" before it where the domain has integers: their
  // states differ.
  [[nodiscard]] std::string kind() const override;
  [[nodiscard]] Eigen::Index dimension() const override { return parameters_.dimension; }
  [[nodiscard]] Eigen::Index population_size() const override {
    return parameters_.population_size;
  }
  [[nodiscard]] Population ask() override;
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override { return state_.stop; }
  [[nodiscard]] Eigen::VectorXd favourite() const override;
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override;
  [[nodiscard]] OptimizerStatistics statistics() const override;

  // Arrays (N x 1 unless said): mean, p_sigma, p_c, sigma (1 x 1), covariance (N x N, or the
  // variances N x 1), full only: eigenvectors (N x N) and axis_lengths; recent_best, sparse_best,
  // sparse_median (FitnessHistory, k x 1, k may be 0, values may be infinite); with integers only:
  // stretch (the diagonal of A), and the mean is in the units of IntegerMargin.
  // Integers: seed and trial (bits of the unsigned number), generation, population_size,
  // is_asked, decomposed_at, num_flat, stop_reason (-1: none).
  [[nodiscard]] OptimizerState save() const override;

  // Takes seed and trial from the state too. Options, such as tolerances, stay this object's.
  void restore(const OptimizerState& state) override;

  [[nodiscard]] const CmaEsParameters& parameters() const { return parameters_; }

 private:
  struct State {
    OptimizerSeed seed;
    std::int64_t generation = 0;     // completed
    std::int64_t decomposed_at = 0;  // generation of the eigenbasis
    Eigen::VectorXd mean;
    double sigma = 1.0;
    Eigen::VectorXd p_sigma;
    Eigen::VectorXd p_c;
    Eigen::VectorXd stretch;  // diagonal of A; empty without integers
    Covariance covariance;
    FitnessHistory history;
    std::optional<StopReason> stop;
  };
  // One generation before scaling: columns z ~ N(0, I) and y = B D z; candidates are m + sigma y.
  struct Sample {
    Eigen::MatrixXd normals;
    Eigen::MatrixXd steps;
  };

  [[nodiscard]] bool is_separable() const {
    return options_.covariance == CovarianceKind::kSeparable;
  }
  [[nodiscard]] Sample draw(const State& state, Eigen::Index count,
                            const std::string& purpose) const;
  [[nodiscard]] Eigen::MatrixXd points(const Eigen::MatrixXd& steps) const;
  void adapt(State& state, const Eigen::VectorXd& weights) const;
  [[nodiscard]] CovarianceUpdate covariance_update(const State& state,
                                                   const Eigen::VectorXd& weights,
                                                   bool is_path_frozen) const;
  void correct_margin(State& state) const;
  [[nodiscard]] CmaEsSnapshot snapshot(const State& state) const;
  [[nodiscard]] State read_state(const OptimizerState& saved) const;

  CmaEsOptions options_;
  CmaEsParameters parameters_;
  CmaEsStopRules stop_rules_;
  std::optional<IntegerMargin> margin_;  // where the domain has integers
  State state_;
  Sample sample_;  // of the population last asked; empty outside ask() .. tell()
  bool is_asked_ = false;
};

}  // namespace bbprompt
