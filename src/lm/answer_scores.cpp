#include "bbprompt/lm/answer_scores.hpp"

#include <utility>

namespace bbprompt {

AnswerScores AnswerScores::unknown(Eigen::Index num_queries, Eigen::Index num_answers,
                                   std::string why) {
  AnswerScores answers;
  answers.scores = Eigen::MatrixXd::Zero(num_queries, num_answers);
  answers.states = States::Constant(num_queries, num_answers, ScoreState::kUnknown);
  answers.why = std::move(why);
  return answers;
}

}  // namespace bbprompt
