#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bbprompt {

struct JsonLimits {
  int max_depth = 64;
};

// Strict JSON: valid UTF-8, no NaN, no number out of range, no name twice in an object, nesting at
// most `limits.max_depth`, nothing after the value. On any breach throws Error whose message says
// what and at which byte; callers prefix the file (or use parse_json_file).
nlohmann::json parse_json(std::string_view text, const JsonLimits& limits = {});

// Reads and parses a file. Throws ModelError naming the file.
nlohmann::json parse_json_file(const std::filesystem::path& path, const JsonLimits& limits = {});

// "a string", "a number", "an array" ...: what an error message calls the value found.
std::string json_kind(const nlohmann::json& value);

}  // namespace bbprompt
