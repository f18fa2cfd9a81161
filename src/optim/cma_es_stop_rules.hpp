#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "optim/cma_es_parameters.hpp"

namespace bbprompt {

// What the stop rules need to know of one generation's fitness; NaN already counts as +infinity.
struct GenerationFitness {
  double best = 0.0;
  double median = 0.0;   // the upper one of two
  double range = 0.0;    // of the finite values; +infinity where fewer than two are finite
  bool is_flat = false;  // all values equal
};
[[nodiscard]] GenerationFitness summarize_fitness(std::vector<double> fitness);

// Past fitness as far as the stop rules look back. Its sizes are functions of the generation, N and
// lambda, so that a saved one can be checked.
struct FitnessHistory {
  std::vector<double> recent_best;    // of the last 10 + ceil(30 N / lambda) generations
  std::vector<double> sparse_best;    // of every 5th generation, the last 20000 of them
  std::vector<double> sparse_median;  // likewise
  std::int64_t num_flat = 0;          // flat generations in a row, up to now

  [[nodiscard]] static std::int64_t max_recent(const CmaEsParameters& parameters);
  [[nodiscard]] static std::int64_t num_sparse(std::int64_t generation);
  void record(const GenerationFitness& fitness, std::int64_t generation, std::int64_t max_recent);
};

// The distribution after `generation` completed generations.
struct CmaEsSnapshot {
  std::int64_t generation = 0;
  double sigma = 0.0;
  Eigen::VectorXd mean;
  Eigen::VectorXd p_c;
  Eigen::VectorXd variances;     // diagonal of C
  Eigen::VectorXd axis_lengths;  // square roots of the eigenvalues of C
  Eigen::VectorXd main_axis;     // eigenvector number generation mod N; empty for separable
};

// Termination after the tutorial (arXiv 1604.00772, B.3) and pycma's stop dictionary. An option of
// 0 switches its rule off. Where several hold at once, the first of this list is reported:
//   ftarget          best of the generation at or below target
//   tolfun           range of this generation and of the best of the recent ones < tol_fun
//   tolfunhist       range of the best of the recent generations < tol_fun_hist
//                    (both wait for 10 + ceil(30 N / lambda) generations, as in the tutorial, so
//                    that a few ties of a discrete fitness stop nothing)
//   tolx             sigma sqrt(C_ii) and |sigma p_c,i| < tol_x for every i
//   tolfacupx        sigma sqrt(C_ii) > tol_fac_up_x sigma_0 for some i
//   tolupsigma       sigma / sigma_0 > tol_up_sigma max D
//   tolconditioncov  condition number of C > tol_condition_cov
//   tolflatfitness   tol_flat_fitness generations in a row of equal fitness each
//   tolstagnation    medians of best and of median fitness over the last w generations are no
//                    better than over the w before; w = max(t/2, generation/10),
//                    t = 100 + 100 N^1.5 / lambda; not before generation N (5 + 100/lambda)
//   noeffectaxis     mean + 0.1 sigma D_k B_k is the mean, k = generation mod N; full only
//   noeffectcoord    mean_i + 0.2 sigma sqrt(C_ii) is mean_i for some i
//   maxiter          max_iterations generations; 0 stands for 100 + 150 (N+3)^2 / sqrt(lambda)
class CmaEsStopRules {
 public:
  CmaEsStopRules(const CmaEsOptions& options, const CmaEsParameters& parameters);

  [[nodiscard]] std::optional<StopReason> check(const CmaEsSnapshot& now,
                                                const GenerationFitness& fitness,
                                                const FitnessHistory& history) const;

 private:
  [[nodiscard]] std::optional<StopReason> check_fitness(const GenerationFitness& fitness,
                                                        const FitnessHistory& history) const;
  [[nodiscard]] std::optional<StopReason> check_distribution(const CmaEsSnapshot& now) const;
  [[nodiscard]] bool is_stagnating(std::int64_t generation, const FitnessHistory& history) const;

  CmaEsOptions options_;
  double dimension_;
  double population_size_;
  std::int64_t max_recent_;
  std::int64_t max_iterations_;
};

}  // namespace bbprompt
