#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/lm/input_layout.hpp"
#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/query/server_options.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// What is known of a model behind HTTP without asking it. It has no embeddings. With
// `options.tokenizer` it knows the model's tokens: texts are cut as for a replica, and discrete
// prompts are tokens. Without, it knows texts alone: fields are cut by words, and an answer word is
// one answer.
//
// The fingerprint is of the name, the revision that the user declares, and the tokenizer: not of
// the URL.
class ServerView final : public ModelView {
 public:
  // Throws ModelError for a tokenizer folder that cannot be used, and where a masked model has
  // none.
  explicit ServerView(const ServerOptions& options);

  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override;
  [[nodiscard]] std::int64_t count_tokens_with(const Query& query,
                                               std::span<const Answer> answers) const override;
  // For completions with a leading space, for chat without; whole, but for a masked model and for
  // chat, which score the first token.
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override;
  [[nodiscard]] const Tokenizer* tokenizer() const override { return tokenizer_.get(); }

  [[nodiscard]] const ServerOptions& options() const { return options_; }

  // The prompt of a query: ids where the tokenizer is known, and its text. Throws ModelError as
  // InputLayout does. `num_reserved` tokens of the model's length are left free.
  struct Prompt {
    std::vector<TokenId> ids;
    std::string text;
    bool is_truncated = false;
  };
  [[nodiscard]] Prompt prompt(const Query& query, int num_reserved = 0) const;

  // Text of an answer of answer_token(), as it stands behind a prompt.
  [[nodiscard]] std::string answer_text(const Answer& answer) const;

 private:
  [[nodiscard]] Prompt text_prompt(const Query& query) const;

  ServerOptions options_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  LanguageModelInfo info_;
  std::unique_ptr<InputLayout> layout_;
  // Answers where no tokenizer is known: their number is their id.
  mutable std::vector<std::string> words_;
};

}  // namespace bbprompt
