#include "bbprompt/config/config_node.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

const ConfigNode* ConfigNode::find(std::string_view key) const {
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const ConfigEntry& e) { return e.key == key; });
  return entry == entries.end() ? nullptr : &entry->value;
}

ConfigNode* ConfigNode::find(std::string_view key) {
  return const_cast<ConfigNode*>(std::as_const(*this).find(key));
}

std::string describe(const ConfigNode& value) {
  switch (value.kind) {
    case ConfigNode::Kind::kNull:
      return "nothing (null)";
    case ConfigNode::Kind::kScalar:
      return '"' + printable(value.text) + '"';
    case ConfigNode::Kind::kSequence:
      return "a list";
    case ConfigNode::Kind::kMapping:
      return "a mapping";
  }
  return {};
}

void fail_config(const ConfigPosition& position, std::string_view key, const std::string& message) {
  throw ConfigError({.file = position.file ? *position.file : "",
                     .line = position.line,
                     .column = position.column,
                     .key = printable(key, 120)},
                    message);
}

}  // namespace bbprompt
