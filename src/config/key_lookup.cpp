#include "config/key_lookup.hpp"

#include <algorithm>
#include <optional>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/config/config_document.hpp"
#include "config/field_io.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kLongestKey = 64;

std::string_view parent_of(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view last_of(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

// Every key and section, in order.
std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const auto& row : schema()) {
    for (auto dot = row.key.find('.'); dot != std::string_view::npos;
         dot = row.key.find('.', dot + 1)) {
      const std::string section(row.key.substr(0, dot));
      if (std::find(keys.begin(), keys.end(), section) == keys.end()) keys.push_back(section);
    }
    keys.emplace_back(row.key);
  }
  return keys;
}

// The sibling that is nearest in spelling, else a key of that name elsewhere.
std::optional<std::string> suggestion_for(std::string_view key) {
  if (key.size() > kLongestKey) return std::nullopt;
  const std::string_view name = last_of(key);
  const auto keys = known_keys();
  std::optional<std::string> best;
  std::size_t best_distance = kLongestKey;
  for (const auto& known : keys) {
    if (parent_of(known) != parent_of(key)) continue;
    const std::string_view sibling = last_of(known);
    const std::size_t distance = edit_distance(name, sibling);
    const std::size_t longest = std::max(name.size(), sibling.size());
    if (distance < best_distance && distance <= std::max<std::size_t>(1, longest / 3)) {
      best = known;
      best_distance = distance;
    }
  }
  if (best) return best;
  const auto same_name = std::find_if(
      keys.begin(), keys.end(), [&](const std::string& known) { return last_of(known) == name; });
  if (same_name != keys.end()) return *same_name;
  return std::nullopt;
}

std::string siblings_of(std::string_view key) {
  std::string list;
  for (const auto& known : known_keys()) {
    if (parent_of(known) != parent_of(key)) continue;
    list += (list.empty() ? "" : ", ") + std::string(last_of(known));
  }
  return list;
}

[[noreturn]] void fail_unknown(std::string_view key, const ConfigPosition& at) {
  if (const auto near = suggestion_for(key)) {
    fail_config(at, key, "unknown key; did you mean \"" + *near + "\"?");
  }
  // A key below a value that is no section has no siblings: name those of the section instead.
  std::string list = siblings_of(key);
  for (auto up = parent_of(key); list.empty(); up = parent_of(up)) list = siblings_of(up);
  fail_config(at, key, "unknown key; expected one of " + list);
}

template <typename Visit>
void for_each_part(std::string_view key, const Visit& visit) {
  for (std::size_t start = 0; start <= key.size();) {
    const auto dot = std::min(key.find('.', start), key.size());
    if (!visit(key.substr(start, dot - start))) return;
    start = dot + 1;
  }
}

bool is_under(std::string_view key, std::string_view prefix) {
  return prefix.empty() || (key.size() >= prefix.size() && overlaps(key, prefix));
}

// `name` as a key of `section`, or the message that dotted keys are for sweeps.
std::string full_key(const ConfigEntry& entry, std::string_view prefix) {
  std::string key = join_key(prefix, entry.key);
  if (entry.key.find('.') != std::string::npos) {
    fail_config(entry.position, key,
                "dotted keys are for sweeps and --set; here, nest the key, as in \"" +
                    printable(parent_of(entry.key)) + ": {" + printable(last_of(entry.key)) +
                    ": ...}\"");
  }
  return key;
}

}  // namespace

ConfigNode empty_mapping(const ConfigPosition& at) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kMapping;
  node.position = at;
  return node;
}

void require_known_key(std::string_view key, const ConfigPosition& at) {
  if (find_row(key) == nullptr && (key.empty() || !is_section(key))) fail_unknown(key, at);
}

void check_keys(const ConfigNode& section, std::string_view prefix) {
  if (!section.is_mapping()) {
    fail_config(section.position, prefix,
                "expected a mapping of keys to values, found " + describe(section));
  }
  for (const auto& entry : section.entries) {
    const std::string key = full_key(entry, prefix);
    require_known_key(key, entry.position);
    if (find_row(key) == nullptr) check_keys(entry.value, key);
  }
}

void check_values(const ConfigNode& root) {
  ConfigFields scratch;
  for (const auto& row : schema()) {
    if (const auto* value = find_value(root, row.key)) read_field(row, *value, scratch);
  }
}

const ConfigNode* find_value(const ConfigNode& root, std::string_view key) {
  const ConfigNode* node = &root;
  for_each_part(key, [&](std::string_view part) {
    node = node->find(part);
    return node != nullptr;
  });
  return node;
}

ConfigPosition locate(const ConfigNode& root, std::string_view key) {
  const ConfigNode* node = &root;
  ConfigPosition position = root.position;
  for_each_part(key, [&](std::string_view part) {
    node = node->find(part);
    if (node != nullptr) position = node->position;
    return node != nullptr;
  });
  return position;
}

namespace {

void add_places(const ConfigNode& value, const std::string& key, KeyPlaces& places) {
  places.add(key, value.position);
  for (const ConfigEntry& entry : value.entries)
    add_places(entry.value, join_key(key, entry.key), places);
}

}  // namespace

std::shared_ptr<const KeyPlaces> places_of(const ConfigNode& root,
                                           std::initializer_list<std::string_view> sections) {
  auto places = std::make_shared<KeyPlaces>();
  for (const std::string_view section : sections) {
    if (const ConfigNode* value = root.find(section))
      add_places(*value, std::string(section), *places);
  }
  return places;
}

void read_section(const ConfigNode& root, std::string_view prefix, ConfigFields& fields) {
  for (const auto& row : schema()) {
    if (!is_under(row.key, prefix)) continue;
    // model.kind comes first, and what is for other kinds is left as it is.
    if (!is_for(row, fields.spec.model.kind)) continue;
    if (const auto* value = find_value(root, row.key)) {
      read_field(row, *value, fields);
    } else if (row.presence == Presence::kRequired) {
      fail_config(locate(root, row.key), row.key,
                  "required key is missing; expected " + expected_value(row));
    }
  }
}

void put_value(ConfigNode& root, std::string_view key, ConfigNode value, const ConfigPosition& at) {
  ConfigNode* node = &root;
  for_each_part(key, [&](std::string_view part) {
    ConfigNode* next = node->find(part);
    if (next == nullptr) {
      node->entries.push_back({std::string(part), at, empty_mapping(at)});
      next = &node->entries.back().value;
    }
    node = next;
    return true;
  });
  *node = std::move(value);
}

void set_config_value(ConfigNode& root, std::string_view key, const ConfigNode& value,
                      const ConfigPosition& at) {
  require_known_key(key, at);
  if (find_row(key) != nullptr) {
    put_value(root, key, value, at);
    return;
  }
  if (!value.is_mapping()) {
    fail_config(value.position, key,
                "expected a mapping of keys to values, found " + describe(value));
  }
  for (const auto& entry : value.entries) {
    set_config_value(root, full_key(entry, key), entry.value, entry.position);
  }
}

}  // namespace bbprompt
