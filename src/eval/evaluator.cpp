#include "bbprompt/eval/evaluator.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

Evaluation Evaluator::evaluate(std::span<const double> point, std::span<const Example> examples) {
  const Prompt prompt = parts_.prompt_space.decode(point);
  std::vector<Query> queries;
  queries.reserve(examples.size());
  for (const Example& example : examples) {
    queries.push_back(parts_.prompt_template.render(example, prompt));
  }
  return score(queries, examples);
}

Evaluation Evaluator::evaluate_manual(std::span<const Example> examples) {
  std::vector<Query> queries;
  queries.reserve(examples.size());
  for (const Example& example : examples) {
    queries.push_back(
        parts_.prompt_template.render(example, std::string_view(parts_.manual_prompt)));
  }
  return score(queries, examples);
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
