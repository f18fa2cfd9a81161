#pragma once

#include <span>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

// What may come after a token: a token and its log-probability over the whole vocabulary.
struct TokenScore {
  TokenId id = 0;
  double log_probability = 0.0;
};

// Where the next token is asked.
enum class Places {
  kLast,  // after the last token of each input
  kAll,   // after every token
};

// What is asked of all inputs of a call.
struct NextTokensAsked {
  Places places = Places::kLast;
  int num_best = 1;              // at each place; at least 1, and more than there are means all
  std::vector<TokenId> named{};  // after the last token; ids of the vocabulary
};

// Of one input.
struct NextTokensOf {
  // The best tokens of each asked place, the most probable first; of equals the lower id.
  std::vector<std::vector<TokenScore>> best;
  // For Places::kAll: log-probability of each token but the first, given those before it.
  std::vector<double> own;
  std::vector<double> named;  // in the order asked
};

struct NextTokensAnswer {
  std::vector<NextTokensOf> inputs;
  Usage usage;
};

// What only a model of the vocabulary's next tokens can give, and only to a caller that speaks in
// its tokens: whole distributions. What a server of such a model offers.
class NextTokens {
 public:
  virtual ~NextTokens() = default;

  // Inputs are ids as they stand: nothing is added or cut. A pure function of the arguments.
  // With Places::kLast, the value of a named token has the bits that LanguageModel::score() gives
  // for it as an answer of one token, when it is asked the same inputs as queries and answers of
  // one token alone. Throws ModelError for an input that is empty, too long, or has ids outside the
  // vocabulary.
  [[nodiscard]] virtual NextTokensAnswer next_tokens(std::span<const std::vector<TokenId>> inputs,
                                                     const NextTokensAsked& asked) = 0;
};

}  // namespace bbprompt
