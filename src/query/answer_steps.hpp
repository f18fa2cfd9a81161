#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "query/question.hpp"
#include "query/wire.hpp"

namespace bbprompt {

// A token that answers go on with.
struct NextChoice {
  std::optional<TokenId> id;         // none: the server's tokens are not known here
  std::string text;                  // of the token; without an id, of the whole answer
  std::vector<std::size_t> answers;  // indices of those that go on with it, ascending
};

// Answers of several tokens are asked token by token: what may come after each beginning.
struct AnswerStep {
  std::vector<TokenId> before;  // the answers' tokens so far
  std::string text_before;
  std::vector<NextChoice> choices;  // in the order of the answers
};

// The steps of all answers; beginnings that answers share stand once. Answers without ids are one
// step together.
[[nodiscard]] std::vector<AnswerStep> answer_steps(const std::vector<ServerAnswer>& answers);

// The value of a choice in what a server says of the next token: an entry's that is the choice by
// its id, else by its bytes, else by a text that no other entry has. Where the server's tokens are
// not known here, also of the best entry that begins the answer and no other choice. Nothing where
// there is none. Throws UselessAnswer where entries that cannot be told apart fit.
[[nodiscard]] const TokenEntry* find_entry(const NextToken& next, const NextChoice& choice,
                                           const std::vector<NextChoice>& all);

// The logarithm of the largest probability that a token outside the list can have.
[[nodiscard]] double bound_outside(const NextToken& next);

}  // namespace bbprompt
