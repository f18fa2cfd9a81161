#include "app/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bbprompt/base/error.hpp"

extern char** environ;

namespace bbprompt {
namespace {

void check(int status, const std::string& program) {
  if (status != 0) throw Error("cannot start " + program + ": " + std::strerror(status));
}

// A pipe whose writing end becomes the child's standard output.
class OutputPipe {
 public:
  explicit OutputPipe(const std::string& program) {
    check(::pipe2(ends_.data(), O_CLOEXEC) == 0 ? 0 : errno, program);
    check(::posix_spawn_file_actions_init(&actions_), program);
    check(::posix_spawn_file_actions_adddup2(&actions_, ends_[1], STDOUT_FILENO), program);
  }
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;
  ~OutputPipe() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }

  [[nodiscard]] std::string read_to_end() {
    ::close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    std::array<char, 4096> block{};
    while (true) {
      const auto count = ::read(ends_[0], block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return text;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  posix_spawn_file_actions_t actions_{};
};

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<ChildOutput> run_program(const std::vector<std::string>& command) {
  const std::string& program = command.at(0);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  OutputPipe pipe(program);
  pid_t child = 0;
  const int status =
      ::posix_spawnp(&child, program.c_str(), pipe.actions(), nullptr, arguments.data(), environ);
  if (status == ENOENT) return std::nullopt;
  check(status, program);
  ChildOutput result{.exit_code = 0, .output = pipe.read_to_end()};
  int ended = 0;
  while (::waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = exit_code(ended);
  return result;
}

}  // namespace bbprompt
