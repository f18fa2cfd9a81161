#pragma once

#include <string>

#include "bbprompt/base/error.hpp"
#include "serve/http_message.hpp"

namespace bbprompt {

// What is told of a request that is not answered.
struct Refusal {
  int status = 400;
  std::string message;
  std::string param{};  // the key at fault; empty: none
  std::string code{};   // for programs: "context_length_exceeded"; empty: none
};

// A request is wrong, or cannot be answered now.
class RequestError : public Error {
 public:
  explicit RequestError(Refusal refusal) : Error(refusal.message), refusal_(std::move(refusal)) {}
  // 400
  RequestError(std::string param, std::string message)
      : RequestError(Refusal{.message = std::move(message), .param = std::move(param)}) {}
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  Refusal refusal_;
};

// As OpenAI has it: {"error": {"message", "type", "param", "code"}}.
[[nodiscard]] ServiceAnswer refuse(const Refusal& refusal);

}  // namespace bbprompt
