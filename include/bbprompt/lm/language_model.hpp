#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

// Row q, column a: score of answer token a for query q. Scores of one row compare with each other;
// a masked model gives logits.
struct AnswerScores {
  Eigen::MatrixXd scores;
  Usage usage;
};

// What a caller may know of the black box.
struct LanguageModelInfo {
  std::string name;         // folder or server model name
  std::string fingerprint;  // identifies weights and vocabulary; part of the configuration hash
  int max_tokens = 0;       // longest input, special tokens included
  int hidden_size = 0;      // length of a soft prompt vector; 0: takes no embeddings
  int num_layers = 0;       // that deep prompts reach; 0: hidden states are out of reach
};

// An answer word as the model sees it.
struct AnswerToken {
  TokenId id = 0;
  std::string token;   // as the vocabulary spells it
  int num_tokens = 1;  // tokens of the whole word; above 1 only the first one is scored
};

// The black box: queries in, scores of the asked answer tokens out. Not safe to share between
// threads (scratch buffers); one per worker.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  [[nodiscard]] virtual const LanguageModelInfo& info() const = 0;

  // Scores of `answers` at each query's answer slot. The result for a query depends on the
  // queries of the call only as far as floating-point summation order does, and is a pure function
  // of the arguments. Throws ModelError when a query cannot be asked (no answer slot, soft prompt
  // on a model without embeddings, deep prompt of other layers, pattern longer than the model).
  [[nodiscard]] virtual AnswerScores score(std::span<const Query> queries,
                                           std::span<const TokenId> answers) = 0;

  // Tokens that score() would send for the query, special tokens included; asks the model nothing.
  // Throws ModelError as score() does.
  [[nodiscard]] virtual std::int64_t count_tokens(const Query& query) const = 0;

  // How the model spells an answer word (with the leading space of running text). Throws
  // ModelError where the word has no token but the unknown one.
  [[nodiscard]] virtual AnswerToken answer_token(std::string_view word) const = 0;
};

}  // namespace bbprompt
