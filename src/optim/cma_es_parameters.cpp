#include "optim/cma_es_parameters.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

double square(double x) { return x * x; }

void check(Eigen::Index dimension, const CmaEsOptions& options) {
  if (dimension < 1) throw Error("CMA-ES: expected a start of at least one coordinate");
  if (options.population_size != 0 && options.population_size < 2) {
    throw Error("CMA-ES: expected a population of at least 2, or 0 for the default, found " +
                std::to_string(options.population_size));
  }
  if (!std::isnormal(options.sigma) || options.sigma < 0.0) {
    throw Error("CMA-ES: expected a positive finite sigma, found " + short_number(options.sigma));
  }
  for (const auto& [name, value] :
       {std::pair("tol_fun", options.tol_fun), std::pair("tol_fun_hist", options.tol_fun_hist),
        std::pair("tol_x", options.tol_x), std::pair("tol_fac_up_x", options.tol_fac_up_x),
        std::pair("tol_up_sigma", options.tol_up_sigma),
        std::pair("tol_condition_cov", options.tol_condition_cov),
        std::pair("tol_flat_fitness", 1.0 * options.tol_flat_fitness),
        std::pair("max_iterations", 1.0 * options.max_iterations)}) {
    if (std::isnan(value) || value < 0.0) {
      throw Error("CMA-ES: expected " + std::string(name) + " >= 0, found " + short_number(value));
    }
  }
  if (options.has_target && std::isnan(options.target)) {
    throw Error("CMA-ES: expected a number as target, found NaN");
  }
}

// Raw weights to final ones, in place; needs mu_eff, c_1 and c_mu.
void scale_weights(CmaEsParameters& p, bool is_active) {
  auto parents = p.weights.head(p.num_parents);
  auto others = p.weights.tail(p.population_size - p.num_parents);
  parents /= parents.sum();
  if (!is_active) {
    others.setZero();
    return;
  }
  const auto n = static_cast<double>(p.dimension);
  const double mu_eff_minus = square(others.sum()) / others.squaredNorm();
  const double limit = std::min({1.0 + p.c_1 / p.c_mu, 1.0 + 2.0 * mu_eff_minus / (p.mu_eff + 2.0),
                                 (1.0 - p.c_1 - p.c_mu) / (n * p.c_mu)});
  others *= limit / -others.sum();
}

void set_learning_rates(CmaEsParameters& p, CovarianceKind covariance) {
  const auto n = static_cast<double>(p.dimension);
  const double mu_eff = p.mu_eff;
  const double gain = 0.25 + mu_eff + 1.0 / mu_eff - 2.0;
  if (covariance == CovarianceKind::kSeparable) {
    p.c_c = (1.0 + 1.0 / n + mu_eff / n) / (std::sqrt(n) + 1.0 / n + 2.0 * mu_eff / n);
    p.c_1 = 1.0 / (n + 2.0 * std::sqrt(n) + mu_eff / n);
    p.c_mu = std::min(1.0 - p.c_1, gain / (n + 4.0 * std::sqrt(n) + mu_eff / 2.0));
  } else {
    const auto lambda = static_cast<double>(p.population_size);
    p.c_c = (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n);
    p.c_1 = std::min(1.0, lambda / 6.0) * 2.0 / (square(n + 1.3) + mu_eff);
    p.c_mu = std::min(1.0 - p.c_1, 2.0 * gain / (square(n + 2.0) + mu_eff));
  }
  p.eigen_gap = 1.0 / (10.0 * n * (p.c_1 + p.c_mu));
}

}  // namespace

CmaEsParameters make_cma_es_parameters(Eigen::Index dimension, const CmaEsOptions& options) {
  check(dimension, options);
  const auto n = static_cast<double>(dimension);
  CmaEsParameters p;
  p.dimension = dimension;
  p.population_size = options.population_size > 0
                          ? options.population_size
                          : static_cast<Eigen::Index>(4.0 + 3.0 * std::log(n));
  p.num_parents = p.population_size / 2;
  p.weights.resize(p.population_size);
  for (Eigen::Index i = 0; i < p.population_size; ++i) {
    p.weights[i] = std::log((static_cast<double>(p.population_size) + 1.0) / 2.0) -
                   std::log(static_cast<double>(i) + 1.0);
  }
  const auto parents = p.weights.head(p.num_parents);
  p.mu_eff = square(parents.sum()) / parents.squaredNorm();
  p.c_sigma = (p.mu_eff + 2.0) / (n + p.mu_eff + 3.0);
  p.d_sigma = 1.0 + 2.0 * std::max(0.0, std::sqrt((p.mu_eff - 1.0) / (n + 1.0)) - 1.0) + p.c_sigma;
  p.chi_n = std::sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * square(n)));
  set_learning_rates(p, options.covariance);
  scale_weights(p, options.is_active);
  return p;
}

}  // namespace bbprompt
