#include "config/sweep_claims.hpp"

#include <algorithm>
#include <array>

#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

constexpr std::array<std::string_view, 8> kNotForTrials = {
    "name", "seeds", "data_folder", "output", "failures", "sweep", "profile", "profiles"};

void require_sweepable(const ConfigEntry& entry) {
  require_known_key(entry.key, entry.position);
  for (const auto key : kNotForTrials) {
    if (!overlaps(entry.key, key)) continue;
    const std::string why = key == "seeds" ? "; list the seeds in the top-level \"seeds\"" : "";
    fail_config(entry.position, entry.key, "a sweep cannot set this key" + why);
  }
}

}  // namespace

void SweepClaims::add(const ConfigEntry& entry, const std::string& owner) {
  require_sweepable(entry);
  for (const auto& claim : claims_) {
    if (!overlaps(claim.key, entry.key)) continue;
    fail_config(entry.position, entry.key,
                owner + " sets a key that " + claim.owner + " also sets (" + claim.key + ")");
  }
  claims_.push_back({entry.key, owner});
}

void SweepClaims::merge(const SweepClaims& part) {
  for (const auto& claim : part.claims_) {
    const bool is_known = std::any_of(claims_.begin(), claims_.end(),
                                      [&](const Claim& mine) { return mine.key == claim.key; });
    if (!is_known) claims_.push_back(claim);
  }
}

SweepPoint parse_settings(const ConfigNode& settings, const SweepPart& part, SweepClaims& claims) {
  if (!settings.is_mapping()) {
    fail_kind(settings, part.path, "a mapping from dotted keys to values");
  }
  SweepPoint point;
  for (const auto& entry : settings.entries) {
    claims.add(entry, part.owner);
    point.push_back({entry.key, entry.position, entry.value});
  }
  return point;
}

void fail_kind(const ConfigNode& value, const std::string& key, const std::string& expected) {
  fail_config(value.position, key, "expected " + expected + ", found " + describe(value));
}

void require_list(const ConfigNode& value, const std::string& key, const std::string& expected) {
  if (!value.is_sequence()) fail_kind(value, key, expected);
  if (value.items.empty()) {
    fail_config(value.position, key, "expected at least one value, found none");
  }
}

}  // namespace bbprompt
