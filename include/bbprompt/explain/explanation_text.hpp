#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bbprompt/explain/explanation.hpp"

namespace bbprompt {

struct ExplanationStyle {
  std::size_t width = 100;        // columns of the terminal
  std::size_t max_examples = 10;  // listed of those that become right, and of those wrong
  bool is_short = false;          // leave out label shifts and the tables per position
};

// Tables for a terminal. Metrics are times 100; texts are made printable and cut to the width.
[[nodiscard]] std::string to_text(const Explanation& explanation, const ExplanationStyle& style);

// {"explanations": [...]}: everything, with every digit and whole texts. What is absent or not
// finite is null; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_json(std::span<const Explanation> explanations);

}  // namespace bbprompt
