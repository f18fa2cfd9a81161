#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/http/http_message.hpp"

namespace bbprompt {

struct HttpOptions {
  HttpTimes times;
  std::size_t max_body_bytes = 64UL << 20;   // decoded
  std::size_t max_header_bytes = 1UL << 20;  // all header lines of an answer
  int max_idle_seconds = 4;       // of a kept connection: many servers close theirs after 5
  int max_connections = 64;       // kept when idle
  std::filesystem::path ca_file;  // certificates to trust instead of the system's; empty: those
  std::string key;                // sent as bearer token; empty: none
};

// Sends requests and brings back answers, several at a time. Not for several threads.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  virtual void start(HttpRequest request) = 0;

  // The answers that are there. Waits for the first one, at most `timeout_seconds`; waits as long
  // when nothing is under way. Each request that was started comes once.
  [[nodiscard]] virtual std::vector<HttpAnswer> finish(double timeout_seconds) = 0;
};

// Over libcurl: http and https with HTTP/1.1, connections kept. Follows no redirect, so the key
// goes to no other host. Proxies come from the environment (http_proxy, https_proxy, all_proxy,
// no_proxy). Neither key nor proxy password stands in any text.
class HttpClient final : public HttpTransport {
 public:
  // Throws Error for a key that no header can hold.
  explicit HttpClient(HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() override;  // what is under way is dropped

  void start(HttpRequest request) override;
  [[nodiscard]] std::vector<HttpAnswer> finish(double timeout_seconds) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bbprompt
