#include "config/sweep_yaml.hpp"

#include <charconv>

#include "bbprompt/config/config_document.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"
#include "config/sweep_claims.hpp"

namespace bbprompt {
namespace {

ConfigNode sequence() {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kSequence;
  return node;
}

// The same shape with every entry's value written by `write(key, value)`.
template <typename Write>
ConfigNode each_entry(const ConfigNode& mapping, const Write& write) {
  ConfigNode result = empty_mapping({});
  for (const auto& entry : mapping.entries) {
    result.entries.push_back({entry.key, {}, write(entry.key, entry.value)});
  }
  return result;
}

template <typename Write>
ConfigNode each_item(const ConfigNode& list, const Write& write) {
  ConfigNode result = sequence();
  for (const auto& item : list.items) result.items.push_back(write(item));
  return result;
}

ConfigNode canonical_values(const std::string& key, const ConfigNode& values) {
  return each_item(values, [&](const ConfigNode& item) { return canonical_value(key, item); });
}

ConfigNode canonical_settings(const ConfigNode& settings) {
  return each_entry(settings, canonical_value);
}

ConfigNode canonical_zip(const ConfigNode& zip) {
  const auto group = [](const ConfigNode& node) { return each_entry(node, canonical_values); };
  if (!zip.is_mapping()) return each_item(zip, group);
  ConfigNode list = sequence();
  list.items.push_back(group(zip));
  return list;
}

ConfigNode canonical_number(const ConfigNode& value) {
  double number = 0.0;
  (void)std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  return plain_scalar(shortest(number));
}

ConfigNode canonical_distribution(const std::string& key, const ConfigNode& distribution) {
  return each_entry(distribution, [&](const std::string& kind, const ConfigNode& values) {
    return kind == "choice" ? canonical_values(key, values) : each_item(values, canonical_number);
  });
}

ConfigNode canonical_test(const std::string& key, const ConfigNode& test) {
  const auto write = [&](const ConfigNode& value) {
    if (is_trial_name(key) && key != "seed") return text_scalar(value.text);
    return key == "seed" ? plain_scalar(value.text) : canonical_value(key, value);
  };
  if (test.is_sequence()) return each_item(test, write);
  if (!test.is_mapping()) return write(test);
  return each_entry(test, [](const std::string& /*limit*/, const ConfigNode& value) {
    return canonical_number(value);
  });
}

ConfigNode canonical_condition(const ConfigNode& condition) {
  return each_entry(condition, canonical_test);
}

ConfigNode canonical_override(const ConfigNode& rule) {
  return each_entry(rule, [](const std::string& part, const ConfigNode& value) {
    return part == "when" ? canonical_condition(value) : canonical_settings(value);
  });
}

ConfigNode canonical_variation(const ConfigNode& variation) {
  return each_entry(variation, [](const std::string& part, const ConfigNode& value) {
    return part == "when" ? canonical_condition(value) : each_entry(value, canonical_values);
  });
}

// The keys below a section with their defaults.
ConfigNode canonical_section(const ConfigNode& root, const std::string& section) {
  ConfigFields fields;
  ConfigNode all = empty_mapping({});
  for (const auto& row : schema()) {
    if (!overlaps(row.key, section)) continue;
    if (const auto* value = find_value(root, row.key)) read_field(row, *value, fields);
    put_value(all, row.key, write_field(row, fields), {});
  }
  return *find_value(all, section);
}

void add(ConfigNode& sweep, const std::string& key, ConfigNode value) {
  if (!value.items.empty() || !value.entries.empty()) {
    sweep.entries.push_back({key, {}, std::move(value)});
  }
}

void add_sampling(ConfigNode& sweep, const ConfigNode& root, const std::string& name) {
  const ConfigNode* space = find_value(root, "sweep." + name + ".space");
  if (space == nullptr || space->entries.empty()) return;
  ConfigNode section = canonical_section(root, "sweep." + name);
  *section.find("space") = each_entry(*space, canonical_distribution);
  add(sweep, name, std::move(section));
}

}  // namespace

ConfigNode canonical_value(const std::string& key, const ConfigNode& value) {
  ConfigFields scratch;
  if (const SchemaRow* row = find_row(key)) {
    read_field(*row, value, scratch);
    return write_field(*row, scratch);
  }
  ConfigNode given = empty_mapping({});
  set_config_value(given, key, value, value.position);
  ConfigNode result = empty_mapping({});
  for (const auto& row : schema()) {
    const auto* found = find_value(given, row.key);
    if (found == nullptr) continue;
    read_field(row, *found, scratch);
    put_value(result, row.key, write_field(row, scratch), {});
  }
  const auto* found = find_value(result, key);
  return found == nullptr ? empty_mapping({}) : *found;
}

bool is_trial_name(std::string_view key) {
  return key == "variant" || key == "task" || key == "seed";
}

std::string test_text(const std::string& key, const ConfigNode& value) {
  if (!is_trial_name(key)) return config_value_text(key, value);
  if (!value.is_scalar() || value.text.empty()) {
    fail_kind(value, key, key == "seed" ? "a seed" : "a name");
  }
  if (key == "seed") {
    ConfigFields scratch;
    ConfigNode list = sequence();
    list.items.push_back(value);
    read_field(*find_row("seeds"), list, scratch);
  }
  return value.text;
}

ConfigNode canonical_sweep(const ConfigNode& root) {
  const ConfigNode none = empty_mapping({});
  const auto part = [&](const std::string& key) -> const ConfigNode& {
    const ConfigNode* node = find_value(root, "sweep." + key);
    return node == nullptr ? none : *node;
  };
  ConfigNode sweep = empty_mapping({});
  sweep.entries.push_back({"axes", {}, each_entry(part("axes"), canonical_values)});
  sweep.entries.push_back(
      {"variants", {}, each_entry(part("variants"), [](const auto& /*name*/, const auto& settings) {
         return canonical_settings(settings);
       })});
  if (&part("zip") != &none) add(sweep, "zip", canonical_zip(part("zip")));
  add(sweep, "list", each_item(part("list"), canonical_settings));
  add_sampling(sweep, root, "random");
  add_sampling(sweep, root, "quasi_random");
  add(sweep, "variations", each_item(part("variations"), canonical_variation));
  add(sweep, "overrides", each_item(part("overrides"), canonical_override));
  add(sweep, "exclude", each_item(part("exclude"), canonical_condition));
  add(sweep, "include", each_item(part("include"), canonical_condition));
  ConfigFields fields;
  for (const auto* key : {"sweep.prompts_from.run", "sweep.prompts_from.own_run"}) {
    if (const auto* value = find_value(root, key)) read_field(*find_row(key), *value, fields);
  }
  if (fields.prompts_from.is_given()) {
    add(sweep, "prompts_from", canonical_section(root, "sweep.prompts_from"));
  }
  return sweep;
}

}  // namespace bbprompt
