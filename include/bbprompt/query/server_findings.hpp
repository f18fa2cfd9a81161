#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/query/server_options.hpp"

namespace bbprompt {

// How a request is written.
enum class Dialect {
  kCompletions,   // POST /v1/completions
  kNative,        // POST /completion (llama.cpp)
  kChat,          // POST /v1/chat/completions
  kAnswerScores,  // POST /v1/answer_scores (bbprompt serve)
};
inline constexpr std::array<std::string_view, 4> kDialectNames = {"completions", "native", "chat",
                                                                  "answer_scores"};

// What a probe found out about a server: how to ask it, and how far its answers can be trusted.
struct ServerFindings {
  Route route = Route::kAuto;  // kAuto: not probed
  Dialect dialect = Dialect::kCompletions;
  bool sends_ids = false;       // prompts go as token ids, else as text
  bool names_ids = false;       // takes return_tokens_as_token_ids
  bool has_bias_pairs = false;  // logit_bias is a list of pairs, else a mapping
  bool takes_temperature = true;
  std::string length_key = "max_tokens";  // that limits the answer
  int num_top = 0;                        // longest list of best tokens
  int echo_length = 1;                    // tokens to generate behind an echo: 0 or 1
  int num_added = 0;                      // tokens that the server puts before each prompt
  std::string model;                      // as answers name it; empty: they do not
  std::string fingerprint;                // as answers tell it; empty: they do not
  double noise = 0.0;                     // largest difference when the same was asked twice
  std::vector<std::string>
      refused;                    // routes that were tried and are not used, each with the reason
  std::int64_t num_requests = 0;  // of the probe
  std::int64_t num_prompt_tokens = 0;
  std::int64_t num_completion_tokens = 0;

  // For files and messages between ranks. Reading throws Error for anything else.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] static ServerFindings from_json(std::string_view text);
  // For people: route, exactness, noise, cost; one line each.
  [[nodiscard]] std::vector<std::string> describe() const;
};

}  // namespace bbprompt
