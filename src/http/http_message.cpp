#include "bbprompt/http/http_message.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <ctime>

namespace bbprompt {

std::optional<std::string_view> find_header(const HttpAnswer& answer, std::string_view name) {
  const auto found = std::ranges::find_if(
      answer.headers, [name](const auto& header) { return header.first == name; });
  if (found == answer.headers.end()) return std::nullopt;
  return std::string_view(found->second);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  const std::time_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

}  // namespace bbprompt
