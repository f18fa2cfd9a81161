#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

struct FigureSize {
  int width = 560;  // pixels
  int height = 360;
};

// What gnuplot is to draw: its commands, and the data files (name to contents) they read.
struct GnuplotScript {
  std::string name;  // of the figure: letters, digits and '-'; ids in its SVG begin with it
  FigureSize size;
  std::string commands;
  std::map<std::string, std::string> files;
};

// gnuplot as a child process. No shell is involved: the program is started by its path with a
// script in a fresh temporary folder, which is removed again; it runs without the user's settings
// and in locale C, so that equal scripts give equal figures.
class Gnuplot {
 public:
  // The first executable "gnuplot" in the folders of `search_path` (written like $PATH).
  [[nodiscard]] static std::optional<Gnuplot> find(const std::string& search_path);

  // An <svg> element to stand inside an HTML page. Throws Error with what gnuplot said when it
  // fails or writes no figure.
  [[nodiscard]] std::string draw(const GnuplotScript& script) const;

 private:
  explicit Gnuplot(std::filesystem::path program) : program_(std::move(program)) {}
  std::filesystem::path program_;
};

// A string of gnuplot's language that stands for the text and nothing else: in single quotes, where
// neither backslashes nor backquotes mean anything; quotes within become typographic ones (U+2019),
// control characters are escaped.
[[nodiscard]] std::string gnuplot_string(std::string_view text);

}  // namespace bbprompt
