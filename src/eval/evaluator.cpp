#include "bbprompt/eval/evaluator.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

std::vector<Query> Evaluator::queries(const Prompt& prompt,
                                      std::span<const Example> examples) const {
  return prompt_queries({.prompt_template = parts_.prompt_template,
                         .train = parts_.data.train,
                         .manual_prompt = parts_.manual_prompt},
                        prompt, examples);
}

Evaluation Evaluator::evaluate(const Prompt& prompt, std::span<const Example> examples) {
  return score(queries(prompt, examples), examples);
}

Evaluation Evaluator::evaluate(std::span<const double> point, std::span<const Example> examples) {
  return evaluate(parts_.prompt_space.decode(point), examples);
}

Evaluation Evaluator::evaluate_manual(std::span<const Example> examples) {
  return evaluate(PromptText{parts_.manual_prompt}, examples);
}

std::int64_t Evaluator::count_tokens(std::span<const double> point,
                                     std::span<const Example> examples) const {
  std::int64_t count = 0;
  for (const Query& query : queries(parts_.prompt_space.decode(point), examples)) {
    count += parts_.model.count_tokens(query);
  }
  return count;
}

Evaluation Evaluator::score(std::span<const Query> queries, std::span<const Example> examples) {
  const AnswerScores answers = parts_.model.score(queries, parts_.verbalizer.answers());
  Evaluation evaluation;
  evaluation.usage = answers.usage;
  evaluation.label_scores.resize(answers.scores.rows(), parts_.verbalizer.num_labels());
  for (Eigen::Index i = 0; i < answers.scores.rows(); ++i) {
    const Eigen::VectorXd row = answers.scores.row(i).transpose();
    if (!row.allFinite()) {
      throw Error("the model's score of an answer word is not finite (example of row " +
                  std::to_string(examples[static_cast<std::size_t>(i)].row) + ")");
    }
    evaluation.label_scores.row(i) = parts_.verbalizer.label_scores(row).transpose();
  }
  return evaluation;
}

}  // namespace bbprompt
