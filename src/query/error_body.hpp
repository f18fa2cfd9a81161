#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

// What a server says about a request that it does not answer; empty where it says nothing.
struct ServerError {
  std::string message;  // plain text, at most 200 characters
  std::string type;
  std::string code;
  int status = 0;                            // in the body; 0: none
  std::optional<std::int64_t> tokens_asked;  // where the input is too long
  std::optional<std::int64_t> tokens_allowed;
};

// The text for a message: no markup, no control characters, the key replaced by "***", at most 200
// characters.
[[nodiscard]] std::string plain_text(std::string_view text, std::string_view key);

// Reads the body of an error in the shapes of OpenAI and vLLM ({"error": {...}}, or its fields
// without "error"), Ollama and TGI ({"error": "text"}), FastAPI ({"detail": ...}, where a gateway
// may have put another of these as a string), or as the text that it is.
[[nodiscard]] ServerError read_error_text(std::string_view body, std::string_view key);
[[nodiscard]] ServerError read_error(const nlohmann::json& body, std::string_view key);

// Is this an error, though it came with status 200?
[[nodiscard]] bool is_error_object(const nlohmann::json& body);

// The status that fits to an error: the one it holds, or the one its code and type stand for; 0
// where they tell nothing.
[[nodiscard]] int status_of(const ServerError& error);

// No money is left, or no account pays.
[[nodiscard]] bool is_out_of_quota(const ServerError& error);

// The input does not fit in the model's context.
[[nodiscard]] bool is_too_long(const ServerError& error);

}  // namespace bbprompt
