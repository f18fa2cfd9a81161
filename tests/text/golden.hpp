#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bbprompt/base/json.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

inline std::filesystem::path model_folder(std::string_view model) {
  return shared_folder() / "models" / model;
}

// Copies the named files of a folder into another.
inline void copy_files(const std::filesystem::path& from, const std::filesystem::path& to,
                       const std::vector<std::string>& names) {
  for (const std::string& name : names) write_text(to / name, read_text(from / name));
}

// Begin and end of a byte range, counted in characters.
inline std::pair<int, int> character_offsets(std::string_view text, ByteRange range) {
  const auto count = [&](std::size_t end) {
    int num_characters = 0;
    for (const char byte : text.substr(0, end)) {
      if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++num_characters;
    }
    return num_characters;
  };
  return {count(range.begin), count(range.end)};
}

}  // namespace bbprompt::testing
