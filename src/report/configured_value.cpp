#include "report/configured_value.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_node.hpp"

namespace bbprompt {

std::optional<std::string> configured_value(const TrialRecord& trial, std::string_view key) {
  ConfigNode root;
  try {
    root = parse_yaml(trial.config, "configuration of " + trial.id);
  } catch (const ConfigError&) {
    return std::nullopt;
  }
  const ConfigNode* node = &root;
  for (std::size_t begin = 0; node != nullptr && begin <= key.size();) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    node = node->find(key.substr(begin, end - begin));
    begin = end + 1;
  }
  if (node == nullptr || !node->is_scalar()) return std::nullopt;
  return node->text;
}

}  // namespace bbprompt
