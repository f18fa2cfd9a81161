#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/http/http_client.hpp"
#include "bbprompt/http/http_message.hpp"

namespace bbprompt {

// A request on its way, and what has come back of it so far. Serves one request after another.
// Times are seconds of any clock that does not fall.
class Transfer {
 public:
  // `headers` must outlive this object.
  Transfer(const HttpOptions& options, curl_slist* headers);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void begin(HttpRequest request, double now);

  // The limit of time that is passed by now.
  [[nodiscard]] std::optional<HttpFault> overdue(double now);
  // When to ask overdue() again, unless something comes before.
  [[nodiscard]] double next_check() const;

  // What came back once libcurl is done with the request.
  [[nodiscard]] HttpAnswer finished(CURLcode code);
  // What came back of a request that is given up.
  [[nodiscard]] HttpAnswer given_up(HttpFault limit);

  [[nodiscard]] CURL* handle() const { return handle_.get(); }

 private:
  struct Cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_ready(void* self, char*, char*, int, int);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  void set_lasting_options(curl_slist* headers);
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  [[nodiscard]] HttpAnswer with_fault(HttpFault fault, std::string why);
  [[nodiscard]] std::string error_text(CURLcode code) const;
  [[nodiscard]] HttpFault fault_of(CURLcode code) const;
  [[nodiscard]] std::string limit_text(HttpFault limit) const;

  HttpOptions options_;
  std::unique_ptr<CURL, Cleanup> handle_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::string sent_body_;

  // Of the request under way.
  HttpAnswer answer_;
  std::string proxy_;
  std::vector<std::string> tried_;  // addresses
  std::size_t num_header_bytes_ = 0;
  std::size_t num_bytes_ = 0;  // of the answer
  int num_sent_ = 0;           // more than once: libcurl would send it again by itself
  bool is_header_whole_ = false;
  bool is_too_large_ = false;
  double begun_ = 0.0;
  std::optional<double> sent_;          // as overdue() noticed
  std::optional<double> window_start_;  // of what is looked at for a stall
  std::size_t window_bytes_ = 0;        // num_bytes_ then
};

}  // namespace bbprompt
