#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bbprompt {

struct ChildOutput {
  int exit_code = 0;   // 128 + n after signal n
  std::string output;  // standard output; standard error goes where ours does
};

// Runs a program of the search path with these arguments, without a shell, and waits for it.
// Nothing when there is no such program; throws Error when it cannot be started.
[[nodiscard]] std::optional<ChildOutput> run_program(const std::vector<std::string>& command);

}  // namespace bbprompt
