#include "query/question.hpp"

namespace bbprompt {

ServerAnswer server_answer(const ServerView& view, const Answer& answer) {
  ServerAnswer known{.ids = {}, .tokens = {}, .text = view.answer_text(answer)};
  if (view.tokenizer() == nullptr) return known;
  known.ids = answer.ids();
  for (const TokenId id : known.ids)
    known.tokens.push_back(view.tokenizer()->decode(std::span(&id, 1)));
  return known;
}

}  // namespace bbprompt
