#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>

#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

enum class OptimizerKind { kCmaEs, kRandomSearch, kPolicyGradient, kCatCma };
enum class CovarianceKind { kFull, kSeparable };
enum class RestartKind { kNone, kIpop, kBipop };
enum class PolicyGradientVariant { kCorrected, kReleased };
enum class GradientRule { kAdamW, kSgd };

struct CmaEsOptions {
  CovarianceKind covariance = CovarianceKind::kFull;
  int population_size = 0;  // 0: floor(4 + 3 ln N)
  double sigma = 1.0;       // initial step size
  bool is_active = true;    // negative recombination weights
  // Stop rules; 0 switches a rule off. Defaults as in facts of pycma.
  double tol_fun = 1e-11;
  double tol_fun_hist = 1e-12;
  double tol_x = 1e-11;
  double tol_fac_up_x = 1e3;
  double tol_up_sigma = 1e20;
  double tol_condition_cov = 1e14;
  int tol_flat_fitness =
      10;  // generations of equal fitness in a row; small splits tie now and then
  bool is_stagnation_stop = true;
  std::int64_t max_iterations = 0;  // 0: 100 + 150 (N + 3)^2 / sqrt(lambda)
  double target = 0.0;              // used when has_target
  bool has_target = false;
  RestartKind restarts = RestartKind::kNone;  // see RestartedCmaEs
  int max_restarts = 9;
  bool is_per_block = false;  // one CMA-ES for each block of the domain; see BlockCmaEs
};

struct RandomSearchOptions {
  int population_size = 20;
  double sigma = 1.0;  // real coordinates are start + sigma N(0, 1), categories uniform
};

struct PolicyGradientOptions {
  PolicyGradientVariant variant = PolicyGradientVariant::kCorrected;
  int population_size = 20;
  GradientRule rule = GradientRule::kAdamW;
  double learning_rate = 0.0;     // 0: the default of variant and rule, see VariancePolicyGradient
  double weight_decay = 0.1;      // decoupled
  double clip = 3.0;              // largest L2 norm of the whole gradient; 0: not clipped
  double min_probability = 1e-3;  // corrected: least probability of a category, in units of 1/K
};

struct CatCmaOptions {
  int population_size = 0;  // 0: 4 + floor(3 ln n)
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kCmaEs;
  CmaEsOptions cma_es;
  RandomSearchOptions random_search;
  PolicyGradientOptions policy_gradient;
  CatCmaOptions cat_cma;
};

struct OptimizerSeed {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
};

// Throws Error for options that cannot be (population under 2, sigma not positive, empty start),
// and where the optimizer cannot search the domain (categories, blocks).
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options,
                                                        const SearchDomain& domain,
                                                        const OptimizerSeed& seed);

}  // namespace bbprompt
