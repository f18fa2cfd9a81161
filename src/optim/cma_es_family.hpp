#pragma once

#include <memory>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"

namespace bbprompt {

// CmaEs, RestartedCmaEs or BlockCmaEs, as the options and the domain's blocks have it. Throws Error
// as their constructors do.
[[nodiscard]] std::unique_ptr<Optimizer> make_cma_es(const CmaEsOptions& options,
                                                     const SearchDomain& domain,
                                                     const OptimizerSeed& seed);

// The same without a look at blocks.
[[nodiscard]] std::unique_ptr<Optimizer> make_one_block_cma_es(const CmaEsOptions& options,
                                                               const SearchDomain& domain,
                                                               const OptimizerSeed& seed);

}  // namespace bbprompt
