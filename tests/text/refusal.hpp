#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt::testing {

// The message of the ModelError that loading throws, which must name `file` in full.
inline std::string refusal(const std::filesystem::path& folder, const std::string& file,
                           const TokenizerOptions& options = {}) {
  const std::string path = file.empty() ? folder.string() : (folder / file).string();
  try {
    static_cast<void>(load_tokenizer(folder, options));
  } catch (const ModelError& error) {
    EXPECT_EQ(error.file(), path);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(path));
    EXPECT_THAT(error.what(), ::testing::MatchesRegex("(.|\n)*(expected|not valid|twice)(.|\n)*"));
    return error.what();
  }
  ADD_FAILURE() << "loaded, but " << path << " is broken";
  return {};
}

}  // namespace bbprompt::testing
