#include "config/sweep_condition.hpp"

#include <charconv>
#include <cmath>

#include "bbprompt/base/utf8.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"
#include "config/sweep_yaml.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kOverrides = "sweep.overrides";

// Throws unless the key is one a condition can ask.
void require_testable(const ConfigEntry& entry) {
  if (is_trial_name(entry.key)) return;
  if (overlaps(entry.key, "seeds")) {
    fail_config(entry.position, entry.key,
                "expected the key \"seed\" in a condition: it looks at one trial");
  }
  require_known_key(entry.key, entry.position);
  if (find_row(entry.key) == nullptr) {
    fail_config(
        entry.position, entry.key,
        "expected a single key in a condition, such as \"objective.kind\", found a section");
  }
  for (const auto* key :
       {"name", "data_folder", "output", "failures", "sweep", "profile", "profiles"}) {
    if (overlaps(entry.key, key)) {
      fail_config(entry.position, entry.key,
                  "a condition cannot look at this key: it belongs to the run, not to a trial");
    }
  }
}

bool is_number_key(const std::string& key) {
  const SchemaRow* row = find_row(key);
  return key == "seed" || (row != nullptr && numbers_of(*row) != Numbers::kNone);
}

double read_number(const ConfigNode& value, const std::string& key) {
  double number = 0.0;
  const char* end = value.text.data() + value.text.size();
  const auto read = std::from_chars(value.text.data(), end, number);
  const bool is_good = value.is_scalar() && !value.is_text && read.ec == std::errc{} &&
                       read.ptr == end && std::isfinite(number);
  if (!is_good) fail_kind(value, key, "a number");
  return number;
}

void read_range(const ConfigNode& range, SweepTest& test) {
  const std::string& key = test.key;
  if (!is_number_key(key)) {
    fail_kind(range, key, "a value or a list of values; {min: ..., max: ...} is for numbers");
  }
  for (const auto& entry : range.entries) {
    if (entry.key != "min" && entry.key != "max") {
      fail_config(entry.position, key, "expected min or max, found \"" + entry.key + "\"");
    }
    (entry.key == "min" ? test.min : test.max) = read_number(entry.value, key);
  }
  if (!test.min && !test.max) fail_kind(range, key, "min, max or both");
  if (test.min && test.max && *test.min > *test.max) {
    fail_config(range.position, key, "expected min to be at most max, found it above max");
  }
}

SweepTest parse_test(const ConfigEntry& entry) {
  require_testable(entry);
  SweepTest test{.key = entry.key, .position = entry.position};
  const ConfigNode& value = entry.value;
  if (value.is_mapping()) {
    read_range(value, test);
  } else if (value.is_sequence()) {
    require_list(value, entry.key, "a list of values");
    for (const auto& item : value.items) test.values.push_back(test_text(entry.key, item));
  } else {
    test.values.push_back(test_text(entry.key, value));
  }
  return test;
}

SweepOverride parse_override(const ConfigNode& node, SweepClaims claims) {
  const std::string path(kOverrides);
  const std::string expected = "{when: a condition, set: settings}";
  if (!node.is_mapping()) fail_kind(node, path, expected);
  for (const auto& entry : node.entries) {
    if (entry.key == "when" || entry.key == "set") continue;
    fail_config(entry.position, path,
                "expected the keys when and set, found \"" + printable(entry.key) + "\"");
  }
  const ConfigNode* when = node.find("when");
  const ConfigNode* set = node.find("set");
  if (when == nullptr || set == nullptr) fail_kind(node, path, expected);
  SweepOverride result{.when = parse_condition(*when, path + ".when"), .settings = {}};
  for (const auto& test : result.when.tests) {
    if (test.key != "seed") continue;
    fail_config(test.position, test.key,
                "an override cannot look at the seed: it holds for all seeds of a configuration");
  }
  result.settings = parse_settings(*set, {.path = path + ".set", .owner = "an override"}, claims);
  if (result.settings.empty()) fail_kind(*set, path + ".set", "at least one setting");
  return result;
}

// The entries of a list that may be absent.
const std::vector<ConfigNode>& items_at(const ConfigNode& root, const std::string& path) {
  static const std::vector<ConfigNode> kNone;
  const ConfigNode* list = find_value(root, path);
  if (list == nullptr) return kNone;
  if (!list->is_sequence()) fail_kind(*list, path, expected_value(*find_row(path)));
  return list->items;
}

}  // namespace

SweepCondition parse_condition(const ConfigNode& node, const std::string& owner) {
  const std::string expected =
      "a mapping from keys to a value, a list of values or {min: ..., max: ...}";
  if (!node.is_mapping() || node.entries.empty()) fail_kind(node, owner, expected);
  SweepCondition condition{.owner = owner, .position = node.position, .tests = {}};
  for (const auto& entry : node.entries) condition.tests.push_back(parse_test(entry));
  return condition;
}

std::vector<SweepCondition> parse_conditions(const ConfigNode& root, const std::string& path) {
  std::vector<SweepCondition> conditions;
  for (const auto& item : items_at(root, path)) conditions.push_back(parse_condition(item, path));
  return conditions;
}

std::vector<SweepOverride> parse_overrides(const ConfigNode& root, const SweepClaims& claims) {
  std::vector<SweepOverride> overrides;
  for (const auto& item : items_at(root, std::string(kOverrides))) {
    overrides.push_back(parse_override(item, claims));
  }
  return overrides;
}

}  // namespace bbprompt
