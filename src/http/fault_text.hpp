#pragma once

#include <curl/curl.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/http/http_message.hpp"

namespace bbprompt {

// What is known of a request that libcurl could not finish.
struct FaultContext {
  std::string_view error;  // libcurl's words
  bool is_sent = false;    // the connection was ready for it
  bool is_proxy_used = false;
  bool has_begun = false;  // the answer
  bool is_reused = false;  // the connection
};

[[nodiscard]] HttpFault fault_kind(CURLcode code, const FaultContext& context);

// Words for each kind; those of others are libcurl's.
[[nodiscard]] std::string fault_words(HttpFault fault, CURLcode code, std::string_view error);
[[nodiscard]] std::string no_connection_text(CURLcode code, std::string_view error,
                                             int system_error);
// `verdict`: OpenSSL's on the server's certificate, 0 if it found nothing wrong.
[[nodiscard]] std::string tls_text(std::string_view error, long verdict,
                                   const std::filesystem::path& ca_file);
[[nodiscard]] std::string tried_text(const std::vector<std::string>& addresses);
[[nodiscard]] std::string through_proxy_text(const std::string& proxy);

}  // namespace bbprompt
