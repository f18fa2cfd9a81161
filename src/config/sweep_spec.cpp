#include "bbprompt/config/sweep_spec.hpp"

#include <array>

#include "config/field_io.hpp"
#include "config/key_lookup.hpp"
#include "config/text_rules.hpp"

namespace bbprompt {
namespace {

// A key that some part of the sweep sets.
struct Claim {
  std::string key;
  std::string owner;  // "axis prompt.length"
};

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

void refuse_overlap(const std::vector<Claim>& claims, const ConfigEntry& entry,
                    const std::string& owner) {
  for (const auto& claim : claims) {
    if (!overlaps(claim.key, entry.key)) continue;
    fail_config(entry.position, entry.key,
                owner + " sets what " + claim.owner + " sets too (" + claim.key + ")");
  }
}

[[noreturn]] void fail_kind(const ConfigNode& value, const std::string& key,
                            const std::string& expected) {
  fail_config(value.position, key, "expected " + expected + ", found " + describe(value));
}

std::vector<SweepAxis> parse_axes(const ConfigNode& axes, std::vector<Claim>& claims) {
  if (!axes.is_mapping()) {
    fail_kind(axes, "sweep.axes", "a mapping from dotted keys to lists of values");
  }
  std::vector<SweepAxis> result;
  for (const auto& entry : axes.entries) {
    require_sweepable(entry);
    const std::string key = join_key("sweep.axes", entry.key);
    if (!entry.value.is_sequence()) fail_kind(entry.value, key, "a list of values");
    if (entry.value.items.empty()) fail_kind(entry.value, key, "at least one value");
    const std::string owner = "axis " + entry.key;
    refuse_overlap(claims, entry, owner);
    claims.push_back({entry.key, owner});
    result.push_back({entry.key, entry.position, entry.value.items});
  }
  return result;
}

SweepVariant parse_variant(const ConfigEntry& variant, const std::vector<Claim>& axis_claims) {
  const std::string path = join_key("sweep.variants", variant.key);
  if (!is_name(variant.key)) {
    fail_config(variant.position, path,
                "expected a name (at most 64 letters, digits, '.', '_' and '-')");
  }
  if (!variant.value.is_mapping()) {
    fail_kind(variant.value, path, "a mapping from dotted keys to values");
  }
  SweepVariant result{.name = variant.key, .settings = {}};
  std::vector<Claim> claims = axis_claims;
  for (const auto& entry : variant.value.entries) {
    require_sweepable(entry);
    const std::string owner = "variant " + variant.key;
    refuse_overlap(claims, entry, owner);
    claims.push_back({entry.key, owner});
    result.settings.push_back({entry.key, entry.position, entry.value});
  }
  return result;
}

}  // namespace

SweepSpec parse_sweep(const ConfigDocument& document) {
  ConfigFields fields;
  for (const auto* section :
       {"name", "seeds", "data_folder", "output", "failures", "sweep.prompts_from"}) {
    read_section(document.root, section, fields);
  }
  SweepSpec sweep{.name = fields.spec.name,
                  .data_folder = fields.data_folder,
                  .failures = fields.failures,
                  .output = fields.output,
                  .seeds = fields.seeds,
                  .axes = {},
                  .variants = {},
                  .prompts_from = fields.prompts_from};
  if (!sweep.prompts_from.run.empty()) {
    sweep.prompts_from.run = document.folder / sweep.prompts_from.run;
  }
  if (sweep.output.folder.empty()) sweep.output.folder = std::filesystem::path("out") / sweep.name;
  std::vector<Claim> claims;
  if (const auto* axes = find_value(document.root, "sweep.axes")) {
    sweep.axes = parse_axes(*axes, claims);
  }
  if (const auto* variants = find_value(document.root, "sweep.variants")) {
    if (!variants->is_mapping()) {
      fail_kind(*variants, "sweep.variants",
                "a mapping from names to mappings from dotted keys to values");
    }
    for (const auto& entry : variants->entries) {
      sweep.variants.push_back(parse_variant(entry, claims));
    }
  }
  return sweep;
}

ConfigDocument with_prompt_variants(ConfigDocument document,
                                    const std::vector<PromptVariant>& variants) {
  const ConfigPosition at = locate(document.root, "sweep.prompts_from.run");
  ConfigNode all = empty_mapping(at);
  if (const auto* given = find_value(document.root, "sweep.variants")) all = *given;
  for (const PromptVariant& variant : variants) {
    if (all.find(variant.name) != nullptr) {
      fail_config(at, "sweep.prompts_from",
                  "makes a variant " + variant.name + ", but sweep.variants has one of that name");
    }
    ConfigFields fields;
    fields.spec.prompt.kind = PromptKind::kManual;
    fields.spec.prompt.manual = {.text = variant.text, .tokens = variant.tokens};
    ConfigNode settings = empty_mapping(at);
    for (const auto* key : {"prompt.kind", "prompt.manual.text", "prompt.manual.tokens"}) {
      ConfigNode value = write_field(*find_row(key), fields);
      value.position = at;
      settings.entries.push_back({key, at, std::move(value)});
    }
    all.entries.push_back({variant.name, at, std::move(settings)});
  }
  put_value(document.root, "sweep.variants", std::move(all), at);
  ConfigNode& sweep = *document.root.find("sweep");
  std::erase_if(sweep.entries,
                [](const ConfigEntry& entry) { return entry.key == "prompts_from"; });
  (void)parse_sweep(document);
  return document;
}

}  // namespace bbprompt
