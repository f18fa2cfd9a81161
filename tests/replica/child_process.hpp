#pragma once

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <string>

namespace bbprompt::testing {

// A fork of the test that works, says something, and waits until it is released or killed.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void(ChildProcess&)>& work) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
    pid_ = ::fork();
    socket_ = ends[pid_ == 0 ? 1 : 0];
    ::close(ends[pid_ == 0 ? 0 : 1]);
    if (pid_ != 0) return;
    try {
      work(*this);
    } catch (const std::exception& error) {
      say(error.what());
    }
    ::_exit(0);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    release();
    ::close(socket_);
  }

  // In the child.
  void say(const std::string& text) const {
    const std::string line = text + '\n';
    if (::write(socket_, line.data(), line.size()) < 0) ::_exit(1);
  }
  void wait_for_release() const {
    char byte = 0;
    (void)!::read(socket_, &byte, 1);
  }

  // In the parent: one line of what it says.
  [[nodiscard]] std::string heard() const {
    std::string line;
    for (char byte = 0; ::read(socket_, &byte, 1) == 1 && byte != '\n';) line += byte;
    return line;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void release() {
    if (pid_ <= 0) return;
    (void)::send(socket_, "x", 1, MSG_NOSIGNAL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    release();
  }

 private:
  int socket_ = -1;
  pid_t pid_ = -1;
};

// An environment variable, put back at the end.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace bbprompt::testing
