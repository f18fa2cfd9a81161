#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/eval/prompt_queries.hpp"
#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/objective.hpp"
#include "bbprompt/task/prompt_template.hpp"
#include "bbprompt/task/task_data.hpp"
#include "bbprompt/task/verbalizer.hpp"

namespace bbprompt {

// What came of one prompt on one stretch of examples.
struct Evaluation {
  double loss_sum = 0.0;                // objective summed in example order
  std::vector<std::int32_t> predicted;  // label index per example
  Usage usage;
};

// Candidate to fitness on a shard: decodes the candidate, renders each example, asks the model, and
// turns answer scores into losses and predictions. References must outlive the evaluator.
class Evaluator {
 public:
  struct Parts {
    const TaskData& data;
    const PromptTemplate& prompt_template;
    const Verbalizer& verbalizer;
    const PromptSpace& prompt_space;
    const Objective& objective;
    std::string manual_prompt;
    LanguageModel& model;
  };
  explicit Evaluator(const Parts& parts) : parts_(parts) {}

  // The learned prompt of `point` on `examples`. Throws Error (non-finite scores included).
  [[nodiscard]] Evaluation evaluate(std::span<const double> point,
                                    std::span<const Example> examples);

  // The manual prompt instead.
  [[nodiscard]] Evaluation evaluate_manual(std::span<const Example> examples);

 private:
  [[nodiscard]] QueryParts query_parts() const;
  [[nodiscard]] Evaluation score(std::span<const Query> queries, std::span<const Example> examples);

  Parts parts_;
};

}  // namespace bbprompt
