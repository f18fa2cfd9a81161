#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <span>
#include <vector>

#include "bbprompt/lm/answer.hpp"
#include "bbprompt/lm/answer_scores.hpp"
#include "bbprompt/lm/hidden_states.hpp"
#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/lm/next_tokens.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

// A call that need not be waited for.
struct ScoreRequest {
  std::uint64_t id = 0;  // the caller's; the answer repeats it
  std::vector<Query> queries;
  std::vector<Answer> answers;
};

// What came of one.
struct FinishedScore {
  std::uint64_t id = 0;
  AnswerScores scores;            // where there is no error
  std::exception_ptr error = {};  // what score() would have thrown
};

// The black box: queries in, scores of the asked answers out. Not safe to share between
// threads (scratch buffers); one per worker. A model that computes in this process writes view()
// and score(); one that waits for others (a server, an accelerator) also slots(), start() and
// finish().
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  // What is known of it; lives as long as the model.
  [[nodiscard]] virtual const ModelView& view() const = 0;

  // Scores of `answers` at each query's answer slot. The result for a query depends on the
  // queries of the call only as far as floating-point summation order does, and is a pure function
  // of the arguments. Throws ModelError when a query cannot be asked (no answer slot, soft prompt
  // on a model without embeddings, deep prompt of other layers, pattern longer than the model) or
  // an answer (an id outside the vocabulary, several tokens where there is one place), and
  // another Error when the call failed but may succeed another time. Where only some queries
  // failed, their scores are ScoreState::kUnknown and the others stand.
  [[nodiscard]] virtual AnswerScores score(std::span<const Query> queries,
                                           std::span<const Answer> answers) = 0;

  // Optional capability: null where hidden states are out of reach.
  [[nodiscard]] virtual HiddenStates* hidden_states() { return nullptr; }
  // Optional capability: null for a masked model, and where only some tokens are told.
  [[nodiscard]] virtual NextTokens* next_tokens() { return nullptr; }

  // Requests that it takes at once; more may be started, but wait. At least 1.
  [[nodiscard]] virtual int slots() const { return 1; }

  // Takes a request; does not wait for its answer. What is wrong with it comes with finish().
  virtual void start(ScoreRequest request);

  // What is finished since the last call, in any order; each request that was started comes once.
  // Waits until there is something, at most `timeout_seconds` where the model can wait that
  // precisely; empty at once when nothing is under way. Here it computes the request that was
  // started first, however long that takes.
  [[nodiscard]] virtual std::vector<FinishedScore> finish(double timeout_seconds);

 private:
  std::deque<ScoreRequest> waiting_;  // started, not computed
};

}  // namespace bbprompt
