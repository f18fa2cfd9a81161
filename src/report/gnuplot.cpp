#include "bbprompt/report/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <regex>
#include <system_error>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxSvgBytes = std::size_t{1} << 26;
// gnuplot 5.4 takes a doubled quote at the beginning of a string for an empty string.
constexpr const char* kApostrophe = "\xE2\x80\x99";
constexpr std::size_t kMaxMessageBytes = 400;

void check_system(int status, const std::string& what) {
  if (status != 0) throw Error("gnuplot: cannot " + what + ": " + std::strerror(status));
}

// A folder of its own, removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "bbprompt_figure_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) check_system(errno, "make a folder like " + pattern);
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The process works in the folder, reads nothing, and writes what it says into the file "log".
class FileActions {
 public:
  explicit FileActions(const fs::path& folder) {
    check_system(::posix_spawn_file_actions_init(&actions_), "prepare a process");
    check_system(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()),
                 "prepare a process");
    check_system(
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        "prepare a process");
    check_system(::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "log",
                                                    O_WRONLY | O_CREAT | O_TRUNC, 0600),
                 "prepare a process");
    check_system(::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO),
                 "prepare a process");
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Runs the program on the script and waits. Returns its status as of waitpid.
int run(const fs::path& program, const fs::path& folder) {
  const FileActions actions(folder);
  std::array<std::string, 3> arguments{"gnuplot", "--default-settings", "script"};
  std::array<std::string, 3> environment{"LC_ALL=C", "PATH=/nonexistent",
                                         "HOME=" + folder.string()};
  std::array<char*, 4> argv{arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  std::array<char*, 4> envp{environment[0].data(), environment[1].data(), environment[2].data(),
                            nullptr};
  pid_t child = -1;
  check_system(
      ::posix_spawn(&child, program.c_str(), actions.get(), nullptr, argv.data(), envp.data()),
      "start " + program.string());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) check_system(errno, "wait for " + program.string());
  }
  return status;
}

std::string log_of(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / "log", ignored)) return "it said nothing";
  return "it said: " + printable(read_file(folder / "log"), kMaxMessageBytes);
}

// The element alone, its ids made the figure's own, since a page has many figures.
std::string as_element(const std::string& svg, const std::string& name) {
  const std::size_t begin = svg.find("<svg");
  const std::size_t end = svg.rfind("</svg>");
  if (begin == std::string::npos || end == std::string::npos) return "";
  std::string element = svg.substr(begin, end + 6 - begin);
  static const std::regex kAbout("<title>Gnuplot</title>\\s*<desc>[^<]*</desc>\\s*");
  static const std::regex kId("(\\sid=|href=)(['\"])(#?)");
  element = std::regex_replace(element, kAbout, "");
  return std::regex_replace(element, kId, "$1$2$3" + name + "-");
}

}  // namespace

std::optional<Gnuplot> Gnuplot::find(const std::string& search_path) {
  for (std::size_t begin = 0; begin <= search_path.size();) {
    const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
    const fs::path folder = search_path.substr(begin, end - begin);
    const fs::path program = folder / "gnuplot";
    std::error_code ignored;
    if (folder.is_absolute() && fs::is_regular_file(program, ignored) &&
        ::access(program.c_str(), X_OK) == 0) {
      return Gnuplot(program);
    }
    begin = end + 1;
  }
  return std::nullopt;
}

std::string Gnuplot::draw(const GnuplotScript& script) const {
  const ScratchFolder scratch;
  const fs::path& folder = scratch.path();
  for (const auto& [name, contents] : script.files) replace_file(folder / name, contents);
  replace_file(
      folder / "script",
      "set encoding utf8\nset terminal svg size " + std::to_string(script.size.width) + "," +
          std::to_string(script.size.height) +
          " noenhanced font 'sans-serif,13' background '#ffffff'\nset output 'figure.svg'\n" +
          script.commands + "\nunset output\n");
  const int status = run(program_, folder);
  std::error_code ignored;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
      !fs::exists(folder / "figure.svg", ignored)) {
    throw Error("gnuplot: expected figure \"" + script.name + "\", found none; " + log_of(folder));
  }
  std::string element = as_element(read_file(folder / "figure.svg", kMaxSvgBytes), script.name);
  if (element.empty()) {
    throw Error("gnuplot: expected a whole figure \"" + script.name + "\"; " + log_of(folder));
  }
  return element;
}

std::string gnuplot_string(std::string_view text) {
  std::string result = "'";
  for (const char character : printable(text, std::numeric_limits<std::size_t>::max() / 2)) {
    if (character == '\'') {
      result += kApostrophe;
    } else {
      result += character;
    }
  }
  return result + "'";
}

}  // namespace bbprompt
