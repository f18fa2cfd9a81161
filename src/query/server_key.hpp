#pragma once

#include <string>

#include "bbprompt/query/server_options.hpp"

namespace bbprompt {

// The key that the options name, without white space at its ends; empty where they name none.
// Throws Error where the variable is not set, for a file that cannot be read or that others may
// read, and for a key that is empty or holds a control character.
[[nodiscard]] std::string read_key(const ServerOptions& options);

}  // namespace bbprompt
