#include "bbprompt/lm/language_model.hpp"

#include <utility>

namespace bbprompt {

void LanguageModel::start(ScoreRequest request) { waiting_.push_back(std::move(request)); }

std::vector<FinishedScore> LanguageModel::finish(double /*timeout_seconds*/) {
  std::vector<FinishedScore> finished;
  if (waiting_.empty()) return finished;
  const ScoreRequest request = std::move(waiting_.front());
  waiting_.pop_front();
  FinishedScore& answer = finished.emplace_back();
  answer.id = request.id;
  try {
    answer.scores = score(request.queries, request.answers);
  } catch (...) {
    answer.error = std::current_exception();
  }
  return finished;
}

}  // namespace bbprompt
