#include "bbprompt/eval/evaluator.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

Evaluation Evaluator::evaluate(std::span<const double> point, std::span<const Example> examples) {
  return score(prompt_queries(query_parts(), parts_.prompt_space.decode(point), examples),
               examples);
}

Evaluation Evaluator::evaluate_manual(std::span<const Example> examples) {
  return score(prompt_queries(query_parts(), PromptText{parts_.manual_prompt}, examples), examples);
}

QueryParts Evaluator::query_parts() const {
  return {.prompt_template = parts_.prompt_template,
          .train = parts_.data.train,
          .manual_prompt = parts_.manual_prompt};
}

Evaluation Evaluator::score(std::span<const Query> queries, std::span<const Example> examples) {
  const AnswerScores answers = parts_.model.score(queries, parts_.verbalizer.answers());
  Evaluation evaluation;
  evaluation.usage = answers.usage;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Eigen::VectorXd row = answers.scores.row(static_cast<Eigen::Index>(i)).transpose();
    if (!row.allFinite()) {
      throw Error("the model's score of an answer word is not finite (example of row " +
                  std::to_string(examples[i].row) + ")");
    }
    const Eigen::VectorXd label_scores = parts_.verbalizer.label_scores(row);
    evaluation.loss_sum += parts_.objective.loss(label_scores, examples[i].label);
    evaluation.predicted.push_back(predict(label_scores));
  }
  return evaluation;
}

}  // namespace bbprompt
