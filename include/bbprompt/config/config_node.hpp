#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/source_place.hpp"

namespace bbprompt {

using ConfigPosition = SourcePlace;

struct ConfigEntry;

// One value of a YAML document with its position. Scalars keep their text: whether `no` or `5` is
// a word, a boolean or a number is decided by the key it belongs to.
struct ConfigNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  std::string text;                  // kScalar
  bool is_text = false;              // kScalar: quoted, or text by the key's type; never a number
  ConfigPosition position;           // kNull in a mapping: the key's
  std::vector<ConfigNode> items;     // kSequence
  std::vector<ConfigEntry> entries;  // kMapping, in file order, no key twice

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::kSequence; }
  [[nodiscard]] bool is_mapping() const { return kind == Kind::kMapping; }

  // The value of a key of a mapping; null where there is none.
  [[nodiscard]] const ConfigNode* find(std::string_view key) const;
  [[nodiscard]] ConfigNode* find(std::string_view key);
};

struct ConfigEntry {
  std::string key;
  ConfigPosition position;
  ConfigNode value;
};

// Reads one YAML document. `file` names it in errors; `first_line` is the number of its first line,
// 0 for text without lines that a person could look up. Throws ConfigError for anything but one
// well-formed document in UTF-8: tabs and control characters, a key written twice, keys that are
// not text, tags, more than 32 levels of nesting, aliases that expand to more than 32 MiB.
[[nodiscard]] ConfigNode parse_yaml(std::string_view text, const std::string& file,
                                    int first_line = 1);

// Canonical YAML of a mapping, one key per line, nested mappings indented by two blanks.
[[nodiscard]] std::string write_yaml(const ConfigNode& mapping);

// Any value on one line: `word`, `[1, 2]`, `{kind: soft}`.
[[nodiscard]] std::string write_flow_yaml(const ConfigNode& value);

// What an error message calls a value: "nothing (null)", `"abc"`, "a list", "a mapping".
[[nodiscard]] std::string describe(const ConfigNode& value);

// Throws ConfigError for a key at a position.
[[noreturn]] void fail_config(const ConfigPosition& position, std::string_view key,
                              const std::string& message);

}  // namespace bbprompt
