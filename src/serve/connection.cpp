#include "serve/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace bbprompt {
namespace {

constexpr std::size_t kMaxHeadBytes = 64 << 10;
constexpr std::size_t kBufferBytes = 16 << 10;
constexpr int kLookMilliseconds = 100;  // how often a wait looks whether the server stops
constexpr double kLingerSeconds = 2.0;

std::chrono::steady_clock::duration seconds(double count) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(count));
}

}  // namespace

Connection::Connection(int socket, const Limits& limits, const std::atomic<bool>& is_ending)
    : socket_(socket), limits_(limits), is_ending_(is_ending) {
  const int on = 1;
  (void)::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { (void)::close(socket_); }

bool Connection::is_ready(Use use, int milliseconds) const {
  pollfd wanted{.fd = socket_,
                .events = static_cast<short>(use == Use::kWrite ? POLLOUT : POLLIN),
                .revents = 0};
  return ::poll(&wanted, 1, milliseconds) > 0;
}

bool Connection::wait_for_request() {
  const auto end = Clock::now() + seconds(limits_.times.idle_seconds);
  while (begin_ == buffer_.size() && !is_ready(Use::kRead, kLookMilliseconds)) {
    if (is_ending_ || Clock::now() >= end) return false;
  }
  deadline_ = Clock::now() + seconds(limits_.times.read_seconds);
  num_left_ = kMaxHeadBytes;
  is_late_ = has_too_much_ = false;
  return begin_ < buffer_.size() || receive() > 0;
}

// A little more, for the lengths of chunks.
void Connection::begin_body() {
  num_left_ = limits_.max_body_bytes + limits_.max_body_bytes / 4 + kMaxHeadBytes;
}

void Connection::begin_answer() { deadline_ = Clock::now() + seconds(limits_.times.write_seconds); }

bool Connection::wait(Use use) {
  while (!is_ready(use, kLookMilliseconds)) {
    is_late_ = Clock::now() >= deadline_;
    if (is_late_) return false;
  }
  is_late_ = Clock::now() >= deadline_;
  return !is_late_;
}

long Connection::receive() {
  buffer_.resize(kBufferBytes);
  begin_ = 0;
  const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  const bool is_again = count < 0 && (errno == EAGAIN || errno == EINTR);
  buffer_.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return is_again ? 1 : count;
}

long Connection::read(char* bytes, std::size_t size) {
  while (begin_ == buffer_.size()) {
    if (!wait(Use::kRead)) return -1;
    const long count = receive();
    if (count <= 0) return count;
  }
  const std::size_t count = std::min(size, buffer_.size() - begin_);
  has_too_much_ = count > num_left_;
  if (has_too_much_) return -1;
  num_left_ -= count;
  std::memcpy(bytes, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<long>(count);
}

long Connection::write(const char* bytes, std::size_t size) {
  while (true) {
    if (!wait(Use::kWrite)) return -1;
    const ssize_t count = ::send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0 || (errno != EAGAIN && errno != EINTR)) return count;
  }
}

bool Connection::is_open() const {
  char byte = 0;
  const ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

void Connection::close_gently() {
  (void)::shutdown(socket_, SHUT_WR);
  const auto end = Clock::now() + seconds(kLingerSeconds);
  std::array<char, kBufferBytes> unread{};
  while (Clock::now() < end) {
    if (!is_ready(Use::kRead, kLookMilliseconds)) continue;
    if (::recv(socket_, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace bbprompt
