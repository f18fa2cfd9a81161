#pragma once

#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// How a method's trials reach the training losses that the reference's trials ended with. Pairs are
// of one task, seed, model and objective, and of equal settings where settings tell trials apart.
struct ReachFigures {
  int num_pairs = 0;
  double median_queries = 0.0;  // search queries; a trial that never gets there counts as infinite
  double median_ratio = 0.0;    // of the pair's queries to the reference's own, to the same loss
  double share = 0.0;           // of the pairs that get there
};

struct EfficiencyRow {
  std::string method;      // with the settings that tell its trials apart
  ReachFigures incumbent;  // target: incumbent fitness of the reference's last generation
  ReachFigures returned;   // target: training loss of the prompt that the reference returned
  // What the search has learned, not what it has met by chance: the first generation whose median
  // fitness is at most that of the reference's last generation.
  ReachFigures typical;
};

struct Efficiency {
  std::string reference;
  // Methods in the order of their first trial, the reference too; their settings where they pair.
  std::vector<EfficiencyRow> rows;
};

// The queries a trial needs are the num_queries of its first generation with incumbent_fitness
// (typical: median_fitness) <= target. Ratios are over the pairs whose reference reaches the target
// itself. Figures without a pair are NaN. Throws UsageError when the method `reference` has no
// finished trial.
[[nodiscard]] Efficiency search_efficiency(const Results& results, const std::string& reference);

}  // namespace bbprompt
