#pragma once

#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/query/server_view.hpp"
#include "query/question.hpp"
#include "query/wire.hpp"

namespace bbprompt {

// A token as an answer, with the value that a list of the best tokens gives it.
struct KnownValue {
  ServerAnswer answer;
  double value = 0.0;
};

// What a probe asks: a short text with four answer words.
class ProbeSample {
 public:
  explicit ProbeSample(const ServerView& view);

  [[nodiscard]] ServerPrompt prompt() const;
  [[nodiscard]] Question question() const;
  // The same as a whole query.
  [[nodiscard]] ScoreRequest request() const;

  // The best two tokens of the list that are known here and not nearly certain: what tells whether
  // another way gives the same values.
  [[nodiscard]] std::vector<KnownValue> known_entries(const NextToken& next) const;

 private:
  const ServerView& view_;
  std::vector<Answer> answers_;
};

}  // namespace bbprompt
