#pragma once

#include <Eigen/Core>

#include "bbprompt/optim/optimizer_options.hpp"

namespace bbprompt {

// Strategy parameters of CMA-ES: constants of a run, functions of dimension N and population size
// lambda alone. [T] is N. Hansen, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772, Table
// 1; [P] is what pycma 4 does where it differs; [S] is the separable variant as pycma sets it,
// after Ros and Hansen, PPSN 2008.
struct CmaEsParameters {
  Eigen::Index dimension = 0;        // N
  Eigen::Index population_size = 0;  // lambda = floor(4 + 3 ln N) unless given           [T 48]
  Eigen::Index num_parents = 0;      // mu = floor(lambda / 2)                              [T]

  // One weight per rank, best first: w'_i = ln((lambda+1)/2) - ln i [T 49]; the first mu scaled to
  // sum 1 [T 53]; the others to sum -min(1 + c_1/c_mu, 1 + 2 mu_eff^-/(mu_eff+2),
  // (1-c_1-c_mu)/(N c_mu)) [T 50-53], which keeps the covariance positive; 0 if not active.
  Eigen::VectorXd weights;
  double mu_eff = 0.0;  // 1 / sum of w_i^2 over the parents                               [T 8]

  // Step size: c_sigma = (mu_eff+2) / (N+mu_eff+3) [P; the tutorial has N+mu_eff+5], chosen because
  // the published black-box tuning runs were made with pycma;
  // d_sigma = 1 + 2 max(0, sqrt((mu_eff-1)/(N+1)) - 1) + c_sigma [T 55].
  double c_sigma = 0.0;
  double d_sigma = 0.0;
  double chi_n = 0.0;  // E||N(0, I)|| ~ sqrt(N) (1 - 1/(4N) + 1/(21 N^2))                   [T]

  // Covariance, full: c_c = (4 + mu_eff/N) / (N + 4 + 2 mu_eff/N)                         [T 56]
  //   c_1 = min(1, lambda/6) 2 / ((N+1.3)^2 + mu_eff)                              [T 57, P min]
  //   c_mu = min(1 - c_1, 2 (1/4 + mu_eff + 1/mu_eff - 2) / ((N+2)^2 + mu_eff))           [T 58]
  // separable: c_c = (1 + 1/N + mu_eff/N) / (sqrt(N) + 1/N + 2 mu_eff/N)                     [S]
  //   c_1 = 1 / (N + 2 sqrt(N) + mu_eff/N)                                                   [S]
  //   c_mu = min(1 - c_1, (1/4 + mu_eff + 1/mu_eff - 2) / (N + 4 sqrt(N) + mu_eff/2))        [S]
  double c_c = 0.0;
  double c_1 = 0.0;
  double c_mu = 0.0;

  // The eigenbasis is computed anew once this many generations have passed since the last time:
  // 1 / (10 N (c_1 + c_mu)) [T, B.2], as a real number. Of no meaning for separable.
  double eigen_gap = 0.0;
};

// Throws Error for options that cannot be: dimension under 1, population under 2, sigma not
// positive and finite, a tolerance negative or NaN.
[[nodiscard]] CmaEsParameters make_cma_es_parameters(Eigen::Index dimension,
                                                     const CmaEsOptions& options);

}  // namespace bbprompt
