#include "bbprompt/config/sweep_spec.hpp"

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/data_path.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"
#include "config/sweep_claims.hpp"
#include "config/sweep_condition.hpp"
#include "config/sweep_space.hpp"
#include "config/text_rules.hpp"

namespace bbprompt {
namespace {

std::vector<SweepAxis> parse_axes(const ConfigNode& axes, SweepClaims& claims) {
  if (!axes.is_mapping()) {
    fail_kind(axes, "sweep.axes", "a mapping from dotted keys to lists of values");
  }
  std::vector<SweepAxis> result;
  for (const auto& entry : axes.entries) {
    SweepAxis axis{.name = "axis " + entry.key, .points = {}};
    claims.add(entry, axis.name);
    require_list(entry.value, join_key("sweep.axes", entry.key), "a list of values");
    for (const auto& value : entry.value.items) {
      axis.points.push_back({{entry.key, entry.position, value}});
    }
    result.push_back(std::move(axis));
  }
  return result;
}

// Keys whose lists of values go together.
SweepAxis parse_group(const ConfigNode& group, SweepClaims& claims) {
  const std::string path = "sweep.zip";
  if (!group.is_mapping() || group.entries.empty()) {
    fail_kind(group, path, "a mapping from dotted keys to lists of values");
  }
  SweepAxis axis{.name = path, .points = {}};
  const std::string& first = group.entries.front().key;
  for (const auto& entry : group.entries) {
    claims.add(entry, path);
    require_list(entry.value, join_key(path, entry.key), "a list of values");
    const std::size_t size = entry.value.items.size();
    if (axis.points.empty()) axis.points.resize(size);
    if (size != axis.points.size()) {
      fail_config(entry.value.position, join_key(path, entry.key),
                  "expected as many values as " + first + " has, " +
                      std::to_string(axis.points.size()) + ", found " + std::to_string(size));
    }
    for (std::size_t i = 0; i < size; ++i) {
      axis.points[i].push_back({entry.key, entry.position, entry.value.items[i]});
    }
  }
  return axis;
}

void parse_zip(const ConfigNode& zip, SweepSpec& sweep, SweepClaims& claims) {
  if (zip.is_mapping()) {
    sweep.axes.push_back(parse_group(zip, claims));
    return;
  }
  if (!zip.is_sequence()) {
    fail_kind(zip, "sweep.zip", "a mapping from dotted keys to lists of values, or a list of such");
  }
  for (const auto& group : zip.items) sweep.axes.push_back(parse_group(group, claims));
}

void parse_list(const ConfigNode& list, SweepSpec& sweep, SweepClaims& claims) {
  const std::string path = "sweep.list";
  if (!list.is_sequence()) fail_kind(list, path, "a list of mappings from dotted keys to values");
  if (list.items.empty()) return;
  SweepAxis axis{.name = path, .points = {}};
  SweepClaims all = claims;
  for (const auto& item : list.items) {
    SweepClaims own = claims;
    axis.points.push_back(parse_settings(item, {.path = path, .owner = path}, own));
    all.merge(own);
  }
  claims = std::move(all);
  sweep.axes.push_back(std::move(axis));
}

SweepVariant parse_variant(const ConfigEntry& variant, SweepClaims claims) {
  const std::string path = join_key("sweep.variants", variant.key);
  if (!is_name(variant.key)) {
    fail_config(variant.position, path,
                "expected a name (at most 64 letters, digits, '.', '_' and '-'), found \"" +
                    printable(variant.key) + "\"");
  }
  const ConfigNode* kind = variant.value.find("prompt.kind");
  if (kind == nullptr) kind = find_value(variant.value, "prompt.kind");
  if (variant.key.starts_with("from-") && (kind == nullptr || kind->text != "manual")) {
    fail_config(
        variant.position, path,
        "expected a name that does not begin with \"from-\": reports take such a variant for "
        "prompts from another task; choose another name, or prompt.kind: manual");
  }
  const SweepPart part{.path = path, .owner = "variant " + variant.key};
  return {.name = variant.key, .settings = parse_settings(variant.value, part, claims)};
}

void parse_variants(const ConfigNode& variants, SweepSpec& sweep, const SweepClaims& claims) {
  if (!variants.is_mapping()) {
    fail_kind(variants, "sweep.variants",
              "a mapping from names to mappings from dotted keys to values");
  }
  for (const auto& entry : variants.entries) {
    sweep.variants.push_back(parse_variant(entry, claims));
  }
}

// The keys of all variations are added to `claims`; two variations may have the same.
SweepVariation parse_variation(const ConfigNode& node, const SweepClaims& others,
                               SweepClaims& claims) {
  const std::string path = "sweep.variations";
  const std::string expected = "{when: a condition, values: {key: a list of values}}";
  if (!node.is_mapping()) fail_kind(node, path, expected);
  for (const auto& entry : node.entries) {
    if (entry.key == "when" || entry.key == "values") continue;
    fail_config(entry.position, path,
                "expected the keys when and values, found \"" + printable(entry.key) + "\"");
  }
  SweepVariation variation;
  if (const ConfigNode* when = node.find("when")) {
    variation.when = parse_condition(*when, path + ".when");
  }
  const ConfigNode* values = node.find("values");
  if (values == nullptr) fail_kind(node, path, expected);
  const std::string inside = path + ".values";
  if (!values->is_mapping() || values->entries.empty()) {
    fail_kind(*values, inside, "a mapping from dotted keys to lists of values");
  }
  SweepClaims own = others;
  for (const auto& entry : values->entries) {
    own.add(entry, "a variation");
    if (find_row(entry.key) == nullptr) {
      fail_config(entry.position, join_key(inside, entry.key),
                  "expected the key of a single value, found a section");
    }
    require_list(entry.value, join_key(inside, entry.key), "a list of values");
    for (const auto& value : entry.value.items) {
      variation.settings.push_back({entry.key, entry.position, value});
    }
  }
  claims.merge(own);
  return variation;
}

void parse_variations(const ConfigNode& list, SweepSpec& sweep, SweepClaims& claims) {
  if (!list.is_sequence()) {
    fail_kind(list, "sweep.variations", expected_value(*find_row("sweep.variations")));
  }
  const SweepClaims others = claims;
  for (const auto& item : list.items) {
    sweep.variations.push_back(parse_variation(item, others, claims));
  }
}

// What a document has besides the sweep.
SweepSpec parse_frame(const ConfigDocument& document) {
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
                  .prompts_from = fields.prompts_from};
  if (!sweep.prompts_from.run.empty()) {
    if (sweep.prompts_from.own_run) {
      fail_config(
          locate(document.root, "sweep.prompts_from.own_run"), "sweep.prompts_from.own_run",
          "expected sweep.prompts_from.own_run or sweep.prompts_from.run, found both; leave "
          "one out");
    }
    sweep.prompts_from.run = real_path(document.folder, sweep.prompts_from.run);
  }
  if (sweep.output.folder.empty()) sweep.output.folder = std::filesystem::path("out") / sweep.name;
  return sweep;
}

}  // namespace

SweepSpec parse_sweep(const ConfigDocument& document) {
  const ConfigNode& root = document.root;
  SweepSpec sweep = parse_frame(document);
  SweepClaims claims;
  if (const auto* axes = find_value(root, "sweep.axes")) sweep.axes = parse_axes(*axes, claims);
  if (const auto* zip = find_value(root, "sweep.zip")) parse_zip(*zip, sweep, claims);
  if (const auto* list = find_value(root, "sweep.list")) parse_list(*list, sweep, claims);
  sweep.random = parse_sampling(root, "sweep.random", claims);
  sweep.quasi_random = parse_sampling(root, "sweep.quasi_random", claims);
  if (const auto* all = find_value(root, "sweep.variants")) parse_variants(*all, sweep, claims);
  if (const auto* list = find_value(root, "sweep.variations")) {
    parse_variations(*list, sweep, claims);
  }
  sweep.overrides = parse_overrides(root, claims);
  sweep.exclude = parse_conditions(root, "sweep.exclude");
  sweep.include = parse_conditions(root, "sweep.include");
  if (sweep.prompts_from.own_run && sweep.variants.empty()) {
    fail_config(locate(root, "sweep.prompts_from.own_run"), "sweep.prompts_from.own_run",
                "expected a method that learns prompts in sweep.variants, found no variant; its "
                "prompts become further variants");
  }
  return sweep;
}

ConfigDocument with_prompt_variants(ConfigDocument document,
                                    const std::vector<PromptVariant>& variants) {
  const ConfigPosition at = locate(document.root, "sweep.prompts_from");
  ConfigNode all = empty_mapping(at);
  if (const auto* given = find_value(document.root, "sweep.variants")) all = *given;
  for (const PromptVariant& variant : variants) {
    if (all.find(variant.name) != nullptr) {
      fail_config(at, "sweep.prompts_from",
                  "makes a variant \"" + variant.name +
                      "\", but sweep.variants has one of that name; rename yours");
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
