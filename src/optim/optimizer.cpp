#include "bbprompt/optim/optimizer.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "optim/cat_cma.hpp"
#include "optim/cma_es_family.hpp"
#include "optim/random_search.hpp"
#include "optim/variance_policy_gradient.hpp"

namespace bbprompt {

std::string to_string(StopReason reason) {
  switch (reason) {
    case StopReason::kTolFun:
      return "tolfun";
    case StopReason::kTolFunHist:
      return "tolfunhist";
    case StopReason::kTolX:
      return "tolx";
    case StopReason::kTolFacUpX:
      return "tolfacupx";
    case StopReason::kTolUpSigma:
      return "tolupsigma";
    case StopReason::kTolConditionCov:
      return "tolconditioncov";
    case StopReason::kTolFlatFitness:
      return "tolflatfitness";
    case StopReason::kTolStagnation:
      return "tolstagnation";
    case StopReason::kNoEffectAxis:
      return "noeffectaxis";
    case StopReason::kNoEffectCoord:
      return "noeffectcoord";
    case StopReason::kMaxIterations:
      return "maxiter";
    case StopReason::kTarget:
      return "ftarget";
    case StopReason::kZeroProbability:
      return "zeroprobability";
  }
  throw Error("unknown StopReason " + std::to_string(static_cast<int>(reason)));
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options,
                                          const SearchDomain& domain, const OptimizerSeed& seed) {
  switch (options.kind) {
    case OptimizerKind::kCmaEs:
      return make_cma_es(options.cma_es, domain, seed);
    case OptimizerKind::kRandomSearch:
      return std::make_unique<RandomSearch>(options.random_search, domain, seed);
    case OptimizerKind::kPolicyGradient:
      return std::make_unique<VariancePolicyGradient>(options.policy_gradient, domain, seed);
    case OptimizerKind::kCatCma:
      return std::make_unique<CatCma>(options.cat_cma, domain, seed);
  }
  throw Error("unknown OptimizerKind " + std::to_string(static_cast<int>(options.kind)));
}

}  // namespace bbprompt
