#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "query/question.hpp"

namespace bbprompt {

// The shapes in which servers write down probabilities of tokens, read into one form. All functions
// throw MalformedAnswer for what cannot be right: a value that is not finite or above 0,
// probabilities that sum to more than 1, a token twice, an answer for another prompt.

// Values from here down mean "not among the best": -9999 (OpenAI, vLLM), the lowest float.
inline constexpr double kOutside = -9000.0;
// A logarithm of a probability may be above 0 by rounding.
inline constexpr double kRounding = 1e-4;

// A token with the logarithm of its probability.
struct TokenEntry {
  std::optional<TokenId> id;         // where the server tells it
  std::optional<std::string> bytes;  // where the server tells them; `text` may be cut or repaired
  std::string text;
  double value = 0.0;

  [[nodiscard]] bool is_outside() const { return value <= kOutside; }
};

// What a server says of the token after a prompt.
struct NextToken {
  std::string text;                   // that was generated
  std::optional<TokenEntry> sampled;  // absent where no probabilities came
  std::vector<TokenEntry> top;        // distinct; in the order of the answer
  int num_generated = 0;              // tokens with probabilities
  std::int64_t num_read = -1;         // tokens of the prompt that the server read; -1: not said
  bool is_truncated = false;          // the server says that it cut the prompt
  ServerUsage usage;
  ServerIdentity identity;
};

// Of an answer with one choice: `logprobs` as lists (OpenAI completions, vLLM), as `content`
// (chat, llama.cpp), or llama.cpp's own `completion_probabilities`. Probabilities after sampling
// (`prob`, `top_probs`) become their logarithms.
[[nodiscard]] NextToken read_next_token(const nlohmann::json& answer);

// A text that was sent and comes back with its probabilities (`echo`), followed by what was
// generated. The first value is absent.
struct EchoedText {
  std::vector<std::string> tokens;  // as the answer spells them
  std::vector<std::optional<double>> values;
  NextToken rest;  // what the answer says besides; `top` of the generated token
};
[[nodiscard]] EchoedText read_echo(const nlohmann::json& answer);

// Throws UselessAnswer where the server read fewer tokens than were sent (-1: not known).
void check_prompt_tokens(const NextToken& next, std::int64_t num_sent);

}  // namespace bbprompt
