#pragma once

#include <cstddef>

namespace bbprompt {

// Columns of a terminal: the environment variable COLUMNS where it is a number, else what the
// terminal behind the file descriptor says; `otherwise` where that is none. 50 at least.
[[nodiscard]] std::size_t terminal_columns(int descriptor, std::size_t otherwise = 80);

// Columns of help and of notes on standard output: those of the terminal, 110 at most.
[[nodiscard]] std::size_t text_columns();

}  // namespace bbprompt
