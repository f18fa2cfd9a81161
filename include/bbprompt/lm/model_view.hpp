#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/answer.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/lm/word_embeddings.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

enum class ModelFamily {
  kMasked,  // answers at a mask inside the text, with one token
  kCausal,  // answers after the text, with words of any number of tokens
};

// What a caller may know of the black box.
struct LanguageModelInfo {
  std::string name;         // folder or server model name
  std::string fingerprint;  // identifies weights and vocabulary; part of the configuration hash
  int max_tokens = 0;       // longest input, special tokens included
  int hidden_size = 0;      // length of a soft prompt vector; 0: takes no embeddings
  int num_layers = 0;       // that deep prompts reach; 0: hidden states are out of reach
  ModelFamily family = ModelFamily::kMasked;
};

// An answer word as the model sees it.
struct AnswerToken {
  TokenId id = 0;
  std::string token;   // as the vocabulary spells it
  int num_tokens = 1;  // tokens of the whole word
  // The tokens after the first, where the model scores a word whole; a masked model scores the
  // first one alone and leaves this empty.
  std::vector<TokenId> rest{};

  // What to ask the model for.
  [[nodiscard]] Answer answer() const {
    std::vector<TokenId> ids = {id};
    ids.insert(ids.end(), rest.begin(), rest.end());
    return Answer(std::move(ids));
  }
};

// Bytes that a model takes in a process that holds it.
struct ModelMemory {
  std::int64_t weights = 0;  // read-only; the processes of one node share one copy
  std::int64_t scratch = 0;  // each process's own, at its largest

  [[nodiscard]] std::int64_t sum() const { return weights + scratch; }
};

// What anyone may know of a model without asking it and without its weights in memory. The master
// has views alone. Not safe to share between threads (it may remember what it tokenized).
class ModelView {
 public:
  virtual ~ModelView() = default;

  [[nodiscard]] virtual const LanguageModelInfo& info() const = 0;

  // Tokens that LanguageModel::score() would send for the query, special tokens included, when
  // every answer is of one token. Throws ModelError as score() does.
  [[nodiscard]] virtual std::int64_t count_tokens(const Query& query) const = 0;

  // The same with these answers: where a model scores words of several tokens, all of them but each
  // word's last are sent as well.
  [[nodiscard]] virtual std::int64_t count_tokens_with(const Query& query,
                                                       std::span<const Answer> /*answers*/) const {
    return count_tokens(query);
  }

  // How the model spells an answer word (with the leading space of running text). Throws
  // ModelError where the word has no token but the unknown one.
  [[nodiscard]] virtual AnswerToken answer_token(std::string_view word) const = 0;

  // What a process that holds the model needs; 0 where it is elsewhere.
  [[nodiscard]] virtual ModelMemory memory() const { return {}; }

  // Optional capabilities; null where a model does not have them. They live as long as the view.

  // The vocabulary; null where the model takes text only.
  [[nodiscard]] virtual const Tokenizer* tokenizer() const { return nullptr; }
  // Null where the model takes no vectors in the place of tokens.
  [[nodiscard]] virtual const WordEmbeddings* embeddings() const { return nullptr; }
};

}  // namespace bbprompt
