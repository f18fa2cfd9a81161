#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bbprompt {

// Ways to get the scores of answer words out of a server, most exact first.
enum class Route {
  kAuto,          // the first of those below that the probe proves
  kAnswerScores,  // whole queries go to `bbprompt serve`, which answers as a replica does
  kNamedIds,      // log-probabilities of the token ids that the request names (vLLM)
  kVocabulary,    // log-probabilities of all tokens (llama.cpp)
  kForcedLabel,   // a bias makes an answer token the sampled one; its unbiased value is read
  kLiftedLabels,  // a bias lifts all answer tokens; their values are normalised among themselves
  kEcho,          // log-probabilities of a text that ends with the answer word
  kTopList,       // the best tokens; what is not among them is known as an upper bound
  kText,          // the generated word alone
};
inline constexpr std::array<std::string_view, 9> kRouteNames = {
    "auto",          "answer_scores", "named_ids", "vocabulary", "forced_label",
    "lifted_labels", "echo",          "top_list",  "text"};

// Which requests a server takes.
enum class ServerApi {
  kCompletions,  // /v1/completions, and what servers have beside it: text is continued
  kChat,         // /v1/chat/completions: a message is answered
};
inline constexpr std::array<std::string_view, 2> kServerApiNames = {"completions", "chat"};

// How long a request may take. A long queue at the server is first_byte_seconds.
struct RequestTimes {
  double connect_seconds = 10.0;
  double first_byte_seconds = 300.0;  // from the request's end to the first byte of the answer
  double stall_seconds = 60.0;        // with less than a byte in a second, once an answer has begun
  double total_seconds = 600.0;
};

// Limits that all ranks keep together; 0: none.
struct RequestLimits {
  double requests_per_minute = 0.0;
  double tokens_per_minute = 0.0;  // prompt and completion
};

// Money for a million tokens, in whatever currency; 0: not known.
struct TokenPrices {
  double prompt = 0.0;
  double completion = 0.0;

  [[nodiscard]] bool is_known() const { return prompt > 0.0 || completion > 0.0; }
  [[nodiscard]] double money(double prompt_tokens, double completion_tokens) const {
    return (prompt * prompt_tokens + completion * completion_tokens) / 1e6;
  }
};

// A language model behind HTTP.
struct ServerOptions {
  std::vector<std::string> urls;  // of equal servers; with or without "/v1" at the end
  std::string name;               // of the model, as the server calls it
  std::string revision;           // what the user says tells this model from others of the name
  std::filesystem::path
      tokenizer;          // folder with tokenizer.json; empty: texts alone go to the server
  int max_tokens = 1024;  // longest input

  std::string key_variable;        // environment variable that holds the key; empty: none
  std::filesystem::path key_file;  // file that holds it, which no one else may read; empty: none
  std::filesystem::path ca_file;   // certificates to trust instead of the system's; empty: those

  ServerApi api = ServerApi::kCompletions;
  std::string system_message;  // kChat: stands before each message; empty: none
  bool is_masked = false;      // the model fills a mask: `bbprompt serve` with a BERT or RoBERTa
  Route route = Route::kAuto;
  int requests = 16;                // that a worker has under way at once
  int tries = 5;                    // of one request, where its failure may pass
  double patience_seconds = 600.0;  // how long a server may be away before the run stops
  RequestTimes times;
  RequestLimits limits;
  TokenPrices prices;
};

}  // namespace bbprompt
