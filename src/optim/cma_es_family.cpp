#include "optim/cma_es_family.hpp"

#include "optim/block_cma_es.hpp"
#include "optim/cma_es.hpp"
#include "optim/restarted_cma_es.hpp"

namespace bbprompt {

std::unique_ptr<Optimizer> make_cma_es(const CmaEsOptions& options, const SearchDomain& domain,
                                       const OptimizerSeed& seed) {
  if (options.is_per_block && domain.block_sizes.size() > 1) {
    return std::make_unique<BlockCmaEs>(options, domain, seed);
  }
  return make_one_block_cma_es(options, domain, seed);
}

std::unique_ptr<Optimizer> make_one_block_cma_es(const CmaEsOptions& options,
                                                 const SearchDomain& domain,
                                                 const OptimizerSeed& seed) {
  if (options.restarts == RestartKind::kNone) return std::make_unique<CmaEs>(options, domain, seed);
  return std::make_unique<RestartedCmaEs>(options, domain, seed);
}

}  // namespace bbprompt
