#include "serve/request_error.hpp"

#include <nlohmann/json.hpp>

namespace bbprompt {
namespace {

const char* type_of(int status) {
  if (status == 401) return "authentication_error";
  if (status == 404) return "not_found_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

}  // namespace

ServiceAnswer refuse(const Refusal& refusal) {
  const nlohmann::json error = {{"message", refusal.message},
                                {"type", type_of(refusal.status)},
                                {"param", text_or_null(refusal.param)},
                                {"code", text_or_null(refusal.code)}};
  const bool may_pass = refusal.status == 429 || refusal.status == 503;
  return {.status = refusal.status,
          .body = nlohmann::json{{"error", error}}.dump(-1, ' ', false,
                                                        nlohmann::json::error_handler_t::replace),
          .retry_after = may_pass ? 1 : 0};
}

}  // namespace bbprompt
