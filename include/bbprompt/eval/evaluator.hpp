#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/eval/prompt_queries.hpp"
#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/prompt_template.hpp"
#include "bbprompt/task/split_score.hpp"
#include "bbprompt/task/task_data.hpp"
#include "bbprompt/task/verbalizer.hpp"

namespace bbprompt {

// What came of one prompt on one stretch of examples.
struct Evaluation {
  RowMatrixXd label_scores;  // examples x labels
  Usage usage;
};

// Candidate to label scores on a shard: decodes the candidate, renders each example, asks the
// model, and turns answer scores into label scores. References must outlive the evaluator.
class Evaluator {
 public:
  struct Parts {
    const TaskData& data;
    const PromptTemplate& prompt_template;
    const Verbalizer& verbalizer;
    const PromptSpace& prompt_space;
    std::string manual_prompt;
    LanguageModel& model;
  };
  explicit Evaluator(const Parts& parts) : parts_(parts) {}

  // `prompt` on `examples`. Throws Error (non-finite scores included).
  [[nodiscard]] Evaluation evaluate(const Prompt& prompt, std::span<const Example> examples);

  // The learned prompt of `point` on `examples`. Throws Error (non-finite scores included).
  [[nodiscard]] Evaluation evaluate(std::span<const double> point,
                                    std::span<const Example> examples);

  // The manual prompt instead.
  [[nodiscard]] Evaluation evaluate_manual(std::span<const Example> examples);

  // Tokens that evaluate(point, examples) would send; asks the model nothing.
  [[nodiscard]] std::int64_t count_tokens(std::span<const double> point,
                                          std::span<const Example> examples) const;

 private:
  [[nodiscard]] std::vector<Query> queries(const Prompt& prompt,
                                           std::span<const Example> examples) const;
  [[nodiscard]] Evaluation score(std::span<const Query> queries, std::span<const Example> examples);

  Parts parts_;
};

}  // namespace bbprompt
