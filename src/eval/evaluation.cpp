#include "bbprompt/eval/evaluation.hpp"

#include <limits>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// Why the scores of a row cannot be used; empty where they can.
std::string fault_of(const AnswerScores& answers, Eigen::Index row) {
  for (Eigen::Index a = 0; a < answers.scores.cols(); ++a) {
    if (!answers.is_known(row, a))
      return answers.why.empty() ? "the model gave no score" : answers.why;
  }
  const Eigen::VectorXd scores = answers.scores.row(row).transpose();
  if (!scores.allFinite()) return "the model's score of an answer word is not finite";
  return {};
}

}  // namespace

std::string Evaluation::describe_missing() const {
  if (missing.empty()) return {};
  const std::string count = std::to_string(missing.size()) + " of " +
                            std::to_string(label_scores.rows()) + " examples " +
                            (missing.size() == 1 ? "has" : "have") + " no score: ";
  const std::string place = missing.size() == 1 ? " (example of row " : " (the first is of row ";
  return count + missing.front().why + place + std::to_string(missing.front().row) + ")";
}

Evaluation evaluation_of(const AnswerScores& answers, const Verbalizer& verbalizer,
                         std::span<const Example> examples) {
  if (answers.scores.rows() != static_cast<Eigen::Index>(examples.size())) {
    throw Error("expected the scores of " + std::to_string(examples.size()) +
                " queries from the model, found " + std::to_string(answers.scores.rows()));
  }
  Evaluation evaluation;
  evaluation.usage = answers.usage;
  evaluation.missing_are = answers.unknown_are;
  evaluation.retry_after_seconds = answers.retry_after_seconds;
  evaluation.label_scores.resize(answers.scores.rows(), verbalizer.num_labels());
  for (Eigen::Index i = 0; i < answers.scores.rows(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    std::string fault = fault_of(answers, i);
    if (!fault.empty()) {
      evaluation.label_scores.row(i).setConstant(std::numeric_limits<double>::quiet_NaN());
      evaluation.missing.push_back(
          {.index = index, .row = examples[index].row, .why = std::move(fault)});
      continue;
    }
    const Eigen::VectorXd row = answers.scores.row(i).transpose();
    evaluation.label_scores.row(i) = verbalizer.label_scores(row).transpose();
    for (Eigen::Index a = 0; a < answers.scores.cols(); ++a)
      evaluation.usage.num_bounded += answers.state(i, a) == ScoreState::kBounded ? 1 : 0;
  }
  return evaluation;
}

}  // namespace bbprompt
