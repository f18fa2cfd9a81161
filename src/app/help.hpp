#pragma once

#include <cstddef>
#include <string>

#include "app/command.hpp"

namespace bbprompt {

// What `bbprompt NAME --help` prints: usage, purpose, options with their defaults, examples. All
// but the examples, which people copy, is wrapped to `width` columns.
[[nodiscard]] std::string help_text(const CommandOptions& options, std::size_t width);

// "Usage: ..." alone, for errors.
[[nodiscard]] std::string usage_text(const CommandHelp& help, std::size_t width);

// The message of a command line that does not fit, as people know the options: what was expected,
// what was found, which option looks alike.
[[nodiscard]] std::string describe_usage(const boost::program_options::error& error,
                                         const CommandOptions& options);

}  // namespace bbprompt
