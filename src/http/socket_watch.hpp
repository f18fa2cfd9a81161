#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>

namespace bbprompt {

// libcurl's multi handle, and the waiting for its sockets with epoll: the work for a request does
// not grow with the number of others under way.
class SocketWatch {
 public:
  explicit SocketWatch(int max_connections);
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;
  ~SocketWatch();

  void add(CURL* transfer);
  void remove(CURL* transfer);

  // Does what can be done now, after waiting for something to do for at most `seconds`.
  void work(double seconds);

  struct Done {
    CURL* transfer = nullptr;
    CURLcode code = CURLE_OK;
  };
  // The next transfer that libcurl is done with.
  [[nodiscard]] std::optional<Done> next_done();

 private:
  struct Cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  static int on_socket(CURL* transfer, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  void act(curl_socket_t socket, int events);
  void act_on_time();

  int epoll_ = -1;
  std::optional<double> timer_;  // when libcurl wants to act without a socket
  std::unique_ptr<CURLM, Cleanup> multi_;
};

// Seconds of the steady clock.
[[nodiscard]] double steady_seconds();

}  // namespace bbprompt
