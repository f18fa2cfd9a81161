#pragma once

#include <string>

namespace bbprompt {

// What "bbprompt --version" prints: the version and the commit, the compiler and its options, and
// the libraries at work. What a person needs to know to get the same bits again.
[[nodiscard]] std::string version_text();

}  // namespace bbprompt
