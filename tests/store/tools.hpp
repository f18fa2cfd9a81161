#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tests/support.hpp"

// Independent readers, found when the tests were configured; an empty path where one is absent.
#define BBPROMPT_REQUIRE_TOOL(path, what) \
  if (std::string(path).empty()) GTEST_SKIP() << (what) << " is absent"

namespace bbprompt::testing {

struct ToolRun {
  int status = -1;
  std::string output;  // standard output and error
};

// Runs a program with its arguments and waits for it. Arguments hold no quotes.
inline ToolRun run_tool(const std::vector<std::string>& arguments) {
  std::string command;
  for (const std::string& argument : arguments) command += "'" + argument + "' ";
  // The sanitizer's runtime belongs to the test, not to the tool.
  std::FILE* pipe = ::popen(("env -u LD_PRELOAD " + command + "2>&1").c_str(), "r");
  if (pipe == nullptr) return {};
  ToolRun run;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    run.output.append(buffer, count);
  }
  run.status = ::pclose(pipe);
  return run;
}

inline std::string store_script(const std::string& name) {
  return (source_folder() / "tests" / "store" / name).string();
}

}  // namespace bbprompt::testing
