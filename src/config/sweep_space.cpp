#include "config/sweep_space.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

using Kind = SweepDistribution::Kind;

constexpr std::array<std::string_view, 5> kNames = {"uniform", "log_uniform", "integer",
                                                    "log_integer", "choice"};
constexpr double kLargestInteger = 1e15;

bool is_logarithm(Kind kind) { return kind == Kind::kLogUniform || kind == Kind::kLogInteger; }
bool is_real(Kind kind) { return kind == Kind::kUniform || kind == Kind::kLogUniform; }

double read_bound(const SchemaRow& row, const ConfigNode& bound, const SweepDistribution& of) {
  ConfigFields scratch;
  read_field(row, bound, scratch);
  double number = 0.0;
  const char* end = bound.text.data() + bound.text.size();
  const auto read = std::from_chars(bound.text.data(), end, number);
  const std::string name(distribution_name(of.kind));
  if (read.ec != std::errc{} || read.ptr != end) fail_kind(bound, of.key, "a number");
  if (!is_real(of.kind) && (number != std::floor(number) || std::abs(number) > kLargestInteger)) {
    fail_kind(bound, of.key, "a whole number of at most 1e15 for " + name);
  }
  if (is_logarithm(of.kind) && number <= 0.0) {
    fail_kind(bound, of.key, "a number above 0 for " + name);
  }
  return number;
}

void read_limits(const ConfigNode& limits, SweepDistribution& distribution) {
  const std::string name(distribution_name(distribution.kind));
  const SchemaRow* row = find_row(distribution.key);
  const Numbers numbers = row == nullptr ? Numbers::kNone : numbers_of(*row);
  if (numbers == Numbers::kNone) {
    fail_config(distribution.position, distribution.key,
                "expected choice, as this key takes no numbers, found " + name);
  }
  if (is_real(distribution.kind) && numbers == Numbers::kWhole) {
    const std::string other = is_logarithm(distribution.kind) ? "log_integer" : "integer";
    fail_config(distribution.position, distribution.key,
                "expected " + other + ", as this key takes whole numbers, found " + name);
  }
  if (!limits.is_sequence() || limits.items.size() != 2) {
    fail_kind(limits, distribution.key, "[low, high] after " + name);
  }
  distribution.low = read_bound(*row, limits.items[0], distribution);
  distribution.high = read_bound(*row, limits.items[1], distribution);
  if (distribution.low < distribution.high) return;
  fail_config(limits.position, distribution.key,
              "expected a low limit below the high one, found [" + limits.items[0].text + ", " +
                  limits.items[1].text + "]");
}

Kind read_kind(const ConfigEntry& entry, const std::string& key) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (entry.key == kNames[i]) return static_cast<Kind>(i);
  }
  fail_config(
      entry.position, key,
      "expected uniform, log_uniform, integer, log_integer or choice, found \"" + entry.key + "\"");
}

SweepDistribution parse_distribution(const ConfigEntry& entry) {
  const ConfigNode& value = entry.value;
  if (!value.is_mapping() || value.entries.size() != 1) {
    fail_kind(value, entry.key, "one distribution, such as {uniform: [low, high]}");
  }
  const ConfigEntry& given = value.entries.front();
  SweepDistribution distribution{
      .key = entry.key, .position = given.position, .kind = read_kind(given, entry.key)};
  if (distribution.kind == Kind::kChoice) {
    require_list(given.value, entry.key, "a list of values after choice");
    distribution.choices = given.value.items;
  } else {
    read_limits(given.value, distribution);
  }
  return distribution;
}

}  // namespace

std::string_view distribution_name(Kind kind) { return kNames.at(static_cast<std::size_t>(kind)); }

SweepSampling parse_sampling(const ConfigNode& root, const std::string& section,
                             SweepClaims& claims) {
  ConfigFields fields;
  for (const auto* key : {".num_points", ".seed"}) read_section(root, section + key, fields);
  SweepSampling sampling;
  sampling.options = section == "sweep.random" ? fields.random : fields.quasi_random;
  const std::string path = section + ".space";
  const ConfigNode* space = find_value(root, path);
  if (space != nullptr && !space->is_mapping()) {
    fail_kind(*space, path, "a mapping from dotted keys to distributions");
  }
  const bool is_empty = space == nullptr || space->entries.empty();
  if (is_empty && sampling.options.num_points > 0) {
    fail_config(locate(root, section), path, "expected keys to sample, found none");
  }
  if (is_empty) return sampling;
  if (sampling.options.num_points == 0) {
    fail_config(locate(root, section + ".num_points"), section + ".num_points",
                "expected at least 1 for the keys of the space");
  }
  for (const auto& entry : space->entries) {
    claims.add(entry, section);
    sampling.space.push_back(parse_distribution(entry));
  }
  return sampling;
}

}  // namespace bbprompt
