#pragma once

#include <span>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

// Scales of a model's hidden states, and what measuring them cost: each query counts as asked once,
// all together as one call.
struct LayerDeviations {
  std::vector<double> deviations;  // before layers 1, 2, ... (from 0)
  Usage usage;
};

// What only a model that runs in this process can give: its states between the layers.
class HiddenStates {
 public:
  virtual ~HiddenStates() = default;

  // Standard deviation of the hidden states of all tokens of the queries before layers 1, 2, ...
  // (from 0), after 5 rounds of clipping to mean +/- 3 deviations: the scale of a deep prompt's
  // vectors there. A pure function of the queries. Costs about what scoring them once does; keeps
  // one layer's states of all queries in memory. Throws ModelError as LanguageModel::score() does.
  [[nodiscard]] virtual LayerDeviations layer_deviations(std::span<const Query> queries) = 0;
};

}  // namespace bbprompt
