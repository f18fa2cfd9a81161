#pragma once

#include <string>
#include <vector>

#include "tests/report/sample_run.hpp"

namespace bbprompt::testing {

// A search of four generations, 100 queries each, with the given incumbent fitness.
inline std::vector<GenerationRecord> sample_search(const std::vector<double>& incumbent) {
  std::vector<GenerationRecord> rows;
  for (std::size_t i = 0; i < incumbent.size(); ++i) {
    GenerationRecord row;
    row.generation = static_cast<std::int64_t>(i);
    row.num_queries = 100 * static_cast<std::int64_t>(i + 1);
    row.incumbent_fitness = incumbent[i];
    row.median_fitness = incumbent[i] + 1.0;
    row.dev_metric = 0.5 + 0.1 * static_cast<double>(i);
    rows.push_back(row);
  }
  return rows;
}

// Methods "policy" and "cma" on tasks "mrpc" and "rte", seeds 1 to 3. Test metrics:
//            mrpc             rte
//   policy   0.60 0.62 0.64   0.50 0.52 0.54
//   cma      0.70 0.71 0.75   0.50 0.58 0.57
inline Results comparison_run() {
  Results results;
  results.run.name = "comparison";
  const double policy[2][3] = {{0.60, 0.62, 0.64}, {0.50, 0.52, 0.54}};
  const double cma[2][3] = {{0.70, 0.71, 0.75}, {0.50, 0.58, 0.57}};
  for (std::size_t task = 0; task < 2; ++task) {
    const std::string name = task == 0 ? "mrpc" : "rte";
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      for (const bool is_cma : {false, true}) {
        const double test = is_cma ? cma[task][seed - 1] : policy[task][seed - 1];
        TrialRecord trial = sample_trial(name, is_cma ? "cma" : "policy", seed,
                                         {.dev = 0.5, .dev_loss = 0.5, .test = test});
        trial.best.prompt.kind = PromptRecord::Kind::kDiscrete;
        trial.objective = "cross_entropy";
        trial.generations =
            is_cma ? sample_search({0.9, 0.5, 0.3, 0.2}) : sample_search({1.0, 0.8, 0.6, 0.5});
        trial.best.fitness = is_cma ? 0.3 : 0.6;
        results.trials.push_back(std::move(trial));
      }
    }
  }
  return results;
}

}  // namespace bbprompt::testing
