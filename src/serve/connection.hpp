#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "bbprompt/serve/serve_options.hpp"

namespace bbprompt {

// The socket of a client, with an end to the client's time and to what it may send. Times run for
// a request as a whole: a client that sends a byte now and then has no more of it.
class Connection {
 public:
  enum class Use { kRead, kWrite };
  struct Limits {
    ServeTimes times;
    std::size_t max_body_bytes = 0;
  };
  // Owns the socket. `is_ending`: set when the server stops.
  Connection(int socket, const Limits& limits, const std::atomic<bool>& is_ending);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits until a request begins. False where none comes: idle too long, closed, or the server
  // stops.
  [[nodiscard]] bool wait_for_request();
  // What comes from now on is the request's body.
  void begin_body();
  // From now on the time to take the answer runs.
  void begin_answer();

  // Bytes read, 0 at the end of the stream, -1 where time or size are used up.
  [[nodiscard]] long read(char* bytes, std::size_t size);
  // Bytes written, -1 where they cannot be.
  [[nodiscard]] long write(const char* bytes, std::size_t size);

  [[nodiscard]] bool is_readable() const {
    return begin_ < buffer_.size() || is_ready(Use::kRead, 0);
  }
  [[nodiscard]] bool is_writable() const { return is_ready(Use::kWrite, 0); }
  [[nodiscard]] bool is_late() const { return is_late_; }
  [[nodiscard]] bool has_too_much() const { return has_too_much_; }
  // The other side still listens.
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] int socket() const { return socket_; }

  // Says that nothing more comes, and reads a little of what the client still sends: a socket that
  // is closed with bytes unread takes the answer from the client.
  void close_gently();

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool is_ready(Use use, int milliseconds) const;
  [[nodiscard]] bool wait(Use use);
  [[nodiscard]] long receive();

  const int socket_;
  const Limits limits_;
  const std::atomic<bool>& is_ending_;
  Clock::time_point deadline_{};
  std::size_t num_left_ = 0;  // bytes that the client may still send
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not read yet
  bool is_late_ = false;
  bool has_too_much_ = false;
};

}  // namespace bbprompt
