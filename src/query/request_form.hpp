#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/query/server_findings.hpp"
#include "bbprompt/query/server_options.hpp"
#include "query/question.hpp"

namespace bbprompt {

// What a request asks, in whatever dialect.
struct Ask {
  ServerPrompt prompt;
  int num_top = 1;                                 // best tokens with their probabilities; 0: none
  std::vector<TokenId> named{};                    // tokens whose probabilities are wanted
  std::vector<std::pair<TokenId, double>> bias{};  // added to the logits
  bool is_after_sampling = false;  // probabilities with the bias in them, no token left out
  bool is_echo = false;            // probabilities of the prompt
  int length = 1;                  // tokens to generate
};

// Writes requests as a server takes them.
class RequestForm {
 public:
  RequestForm(const ServerOptions& options, const ServerFindings& findings)
      : name_(options.name), system_message_(options.system_message), findings_(findings) {}

  [[nodiscard]] std::string path() const;
  // JSON; text that is not UTF-8 is mended.
  [[nodiscard]] std::string body(const Ask& ask) const;

  // Tokens of the prompt as the server counts them; -1: not known here.
  [[nodiscard]] std::int64_t num_tokens(const ServerPrompt& prompt) const;

  [[nodiscard]] const ServerFindings& findings() const { return findings_; }

 private:
  std::string name_;
  std::string system_message_;
  ServerFindings findings_;
};

}  // namespace bbprompt
