#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace bbprompt::testing {

// A fresh folder, removed at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "bbprompt_test_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::filesystem::path shared_folder() { return BBPROMPT_SHARED_DIR; }
inline std::filesystem::path source_folder() { return BBPROMPT_SOURCE_DIR; }

}  // namespace bbprompt::testing

// Skips the test, saying why, where the folder of models and datasets is absent.
#define BBPROMPT_REQUIRE_SHARED(relative)                                              \
  if (!std::filesystem::exists(bbprompt::testing::shared_folder() / (relative))) {     \
    GTEST_SKIP() << (bbprompt::testing::shared_folder() / (relative)) << " is absent"; \
  }
