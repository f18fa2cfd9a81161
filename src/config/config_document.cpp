#include "bbprompt/config/config_document.hpp"

#include <algorithm>
#include <iterator>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"
#include "config/sweep_yaml.hpp"
#include "config/task_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kVariants = "sweep.variants.";

// Sections of the sweep that hold dotted keys.
constexpr std::string_view kKeyed[] = {"sweep.axes", "sweep.random.space",
                                       "sweep.quasi_random.space"};

struct Override {
  std::string key;
  ConfigNode value;
  ConfigPosition position;
};

Override parse_override(const std::string& argument) {
  Override result;
  const std::string option = "--set " + printable(argument, 80);
  result.position.file = std::make_shared<const std::string>(option);
  const auto equals = argument.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail_config(result.position, "", "expected KEY=VALUE, such as --set budget.evaluations=100");
  }
  result.key = argument.substr(0, equals);
  result.value = parse_yaml(std::string_view(argument).substr(equals + 1), option, 0);
  return result;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// The mapping at `key`, made if it is not there.
ConfigNode& mapping_at(ConfigNode& root, std::string_view key, const ConfigPosition& at) {
  if (find_value(root, key) == nullptr) {
    put_value(root, key, empty_mapping(at), at);
  }
  return const_cast<ConfigNode&>(*find_value(root, key));
}

void replace_entry(ConfigNode& mapping, const std::string& key, const Override& set) {
  if (auto* value = mapping.find(key)) {
    *value = set.value;
  } else {
    mapping.entries.push_back({key, set.position, set.value});
  }
}

std::string names_of(const ConfigNode& mapping) {
  std::string names;
  for (const ConfigEntry& entry : mapping.entries)
    names += (names.empty() ? "" : ", ") + printable(entry.key);
  return names.empty() ? "none" : names;
}

// After the variant's name the rest of the key, dots and all, is one key.
void set_in_variants(ConfigNode& variants, const std::string& rest, const Override& set) {
  for (auto& variant : variants.entries) {
    if (!starts_with(rest, variant.key + '.')) continue;
    replace_entry(variant.value, rest.substr(variant.key.size() + 1), set);
    return;
  }
  if (!set.value.is_mapping())
    fail_config(set.position, set.key,
                "no variant has this name; there are: " + names_of(variants));
  replace_entry(variants, rest, set);
}

void apply_override(ConfigNode& root, const Override& set) {
  for (const auto section : kKeyed) {
    if (!starts_with(set.key, std::string(section) + '.')) continue;
    ConfigNode& keyed = mapping_at(root, section, set.position);
    replace_entry(keyed, set.key.substr(section.size() + 1), set);
    return;
  }
  if (starts_with(set.key, kVariants)) {
    ConfigNode& variants = mapping_at(root, "sweep.variants", set.position);
    set_in_variants(variants, set.key.substr(kVariants.size()), set);
  } else {
    set_config_value(root, set.key, set.value, set.position);
  }
}

// Names the profile that the last of the overrides, or the file, chooses; empty for none.
std::string chosen_profile(const ConfigNode& root, const std::vector<Override>& sets) {
  ConfigFields fields;
  read_section(root, "profile", fields);
  for (const Override& set : sets) {
    if (set.key == "profile") read_field(*find_row("profile"), set.value, fields);
  }
  return fields.profile;
}

// The settings of the chosen profile, as --set gives them. Checks all profiles.
std::vector<Override> profile_settings(const ConfigNode& root, const std::vector<Override>& sets) {
  const std::string chosen = chosen_profile(root, sets);
  const ConfigNode none = empty_mapping({});
  const ConfigNode* profiles = find_value(root, "profiles");
  if (profiles == nullptr) profiles = &none;
  std::vector<Override> settings;
  std::string names;
  const auto refuse = [](const ConfigNode& node, const std::string& key) {
    fail_config(node.position, key,
                "expected a mapping from dotted keys to values, found " + describe(node));
  };
  if (!profiles->is_mapping()) refuse(*profiles, "profiles");
  for (const auto& profile : profiles->entries) {
    const std::string path = join_key("profiles", profile.key);
    if (!profile.value.is_mapping()) refuse(profile.value, path);
    names += (names.empty() ? "" : ", ") + profile.key;
    for (const auto& entry : profile.value.entries) {
      if (!starts_with(entry.key, "sweep.")) require_known_key(entry.key, entry.position);
      if (overlaps(entry.key, "profile") || overlaps(entry.key, "profiles")) {
        fail_config(entry.position, join_key(path, entry.key), "a profile cannot set this key");
      }
      if (profile.key == chosen) settings.push_back({entry.key, entry.value, entry.position});
    }
  }
  if (!chosen.empty() && profiles->find(chosen) == nullptr) {
    fail_config(
        locate(root, "profile"), "profile",
        "no profile \"" + printable(chosen) + "\"; there are: " + (names.empty() ? "none" : names));
  }
  return settings;
}

// A sweep would silently win over the override.
void refuse_hidden(const Override& set, const SweepSpec& sweep) {
  const auto refuse_if = [&](const std::string& key, const std::string& part,
                             const std::string& advice) {
    if (!overlaps(key, set.key)) return;
    fail_config(set.position, set.key, part + ", which would win; set " + advice + " instead");
  };
  const bool is_hidden = overlaps(set.key, "prompt.kind") || overlaps(set.key, "prompt.manual");
  if (sweep.prompts_from.is_given() && is_hidden) {
    fail_config(set.position, set.key, "sweep.prompts_from sets it, which would win");
  }
  for (const auto& axis : sweep.axes) {
    for (const auto& point : axis.points) {
      for (const auto& [key, position, value] : point) {
        const bool is_axis = axis.name == "axis " + key;
        refuse_if(key, is_axis ? "the sweep has an " + axis.name : axis.name + " sets " + key,
                  is_axis ? "sweep.axes." + key + " to a list of values" : axis.name);
      }
    }
  }
  for (const auto& [sampling, path] : {std::pair(&sweep.random, "sweep.random"),
                                       std::pair(&sweep.quasi_random, "sweep.quasi_random")}) {
    for (const auto& distribution : sampling->space) {
      refuse_if(distribution.key, path + (" samples " + distribution.key),
                path + (".space." + distribution.key) + " to a distribution");
    }
  }
  for (const auto& variant : sweep.variants) {
    for (const auto& setting : variant.settings) {
      refuse_if(setting.key, "variant " + variant.name + " sets " + setting.key,
                "sweep.variants." + variant.name + "." + setting.key);
    }
  }
}

// Those are exceptions to the file and its profiles, but not to what someone asks for just now.
void refuse_overridden(const Override& set, const SweepSpec& sweep) {
  for (const auto& rule : sweep.overrides) {
    for (const auto& setting : rule.settings) {
      if (!overlaps(setting.key, set.key)) continue;
      fail_config(set.position, set.key,
                  "sweep.overrides sets " + setting.key +
                      " for some trials, which would win; set sweep.overrides instead");
    }
  }
}

ConfigDocument build(std::string given, const fs::path& folder, const std::string& name,
                     std::span<const std::string> overrides) {
  ConfigDocument document{.given = std::move(given), .folder = folder, .root = {}};
  TaskFileLoader tasks(folder);
  document.root = parse_yaml(document.given, name);
  tasks.resolve_document(document.root);
  check_keys(document.root);
  check_values(document.root);
  (void)parse_sweep(document);
  std::vector<Override> asked;
  for (const auto& argument : overrides) asked.push_back(parse_override(argument));
  std::vector<Override> sets = profile_settings(document.root, asked);
  const std::size_t num_of_profile = sets.size();
  std::erase_if(asked, [](const Override& set) { return set.key == "profile"; });
  std::move(asked.begin(), asked.end(), std::back_inserter(sets));
  std::erase_if(document.root.entries, [](const ConfigEntry& entry) {
    return entry.key == "profile" || entry.key == "profiles";
  });
  for (Override& set : sets) {
    if (set.key == "task") tasks.resolve(set.value);
    apply_override(document.root, set);
    tasks.resolve_document(document.root);
    check_values(document.root);
    (void)parse_sweep(document);
  }
  const SweepSpec sweep = parse_sweep(document);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    refuse_hidden(sets[i], sweep);
    if (i >= num_of_profile) refuse_overridden(sets[i], sweep);
  }
  return document;
}

}  // namespace

ConfigDocument load_config(const fs::path& path, std::span<const std::string> overrides) {
  ConfigPosition at;
  at.file = std::make_shared<const std::string>(path.string());
  std::string text = read_config_text(path, at, "");
  return build(std::move(text), path.parent_path(), path.string(), overrides);
}

ConfigDocument parse_config(std::string text, const fs::path& folder, const std::string& name) {
  return build(std::move(text), folder, name, {});
}

std::string config_value_text(const std::string& key, const ConfigNode& value) {
  const ConfigNode node = canonical_value(key, value);
  return node.is_scalar() ? node.text : write_flow_yaml(node);
}

std::string resolved_yaml(const ConfigDocument& document) {
  ConfigFields fields;
  ConfigNode root = empty_mapping({});
  for (const auto& row : schema()) {
    if (starts_with(row.key, "profile")) continue;  // applied already
    const auto* value = find_value(document.root, row.key);
    if (value == nullptr && row.presence == Presence::kRequired) continue;  // the sweep gives it
    if (value == nullptr && !is_for(row, fields.spec.model.kind)) continue;
    if (value != nullptr) read_field(row, *value, fields);
    put_value(root, row.key, write_field(row, fields), {});
  }
  const SweepSpec sweep = parse_sweep(document);
  put_value(root, "output.folder", text_scalar(sweep.output.folder.string()), {});
  put_value(root, "sweep", canonical_sweep(document.root), {});
  return write_yaml(root);
}

}  // namespace bbprompt
