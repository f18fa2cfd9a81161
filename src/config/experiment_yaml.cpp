#include "bbprompt/config/experiment_yaml.hpp"

#include <algorithm>
#include <array>

#include "bbprompt/config/data_path.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

bool is_trial_row(const SchemaRow& row) {
  return row.key != "data_folder" && !overlaps(row.key, "output") &&
         !overlaps(row.key, "failures") && !overlaps(row.key, "sweep") &&
         !overlaps(row.key, "profile") && !overlaps(row.key, "profiles");
}

// Writes the sections around `key` that are not those of the key before it: sections stand in one
// place of the schema each.
YamlPlace open_sections(std::string_view before, std::string_view key, std::string& yaml) {
  YamlPlace place{.key = key};
  for (auto dot = key.find('.'); dot != key.npos; dot = key.find('.', dot + 1)) {
    const std::string_view section = key.substr(0, dot + 1);
    const std::size_t begin = key.size() - place.key.size();
    if (!before.starts_with(section)) {
      yaml.append(place.indent, ' ').append(key.substr(begin, dot - begin)) += ":\n";
    }
    place = {.key = key.substr(dot + 1), .indent = place.indent + 2};
  }
  return place;
}

// Keys of the section `model` that say how a model is asked and not which: no result depends on
// them.
constexpr std::array<std::string_view, 10> kKeysWithoutResult = {
    "url",    "requests", "tries",        "patience_seconds", "times",
    "limits", "prices",   "key_variable", "key_file",         "ca_file"};

bool is_without_result(std::string_view line) {
  return std::any_of(
      kKeysWithoutResult.begin(), kKeysWithoutResult.end(), [line](std::string_view key) {
        return line.substr(2, key.size()) == key && line.substr(2 + key.size()).starts_with(':');
      });
}

}  // namespace

ExperimentSpec read_experiment(const ConfigNode& root) {
  ConfigFields fields;
  read_section(root, "", fields);
  fields.spec.seed = fields.seeds.front();
  fields.spec.task.places = places_of(root, {"task"});
  fields.spec.places =
      places_of(root, {"model", "few_shot", "prompt", "objective", "optimizer", "budget"});
  return fields.spec;
}

ExperimentSpec parse_experiment(const ConfigNode& root) {
  check_keys(root);
  ExperimentSpec spec = read_experiment(root);
  check_experiment(root, spec);
  return spec;
}

std::string setting_text(const ExperimentSpec& spec, std::string_view key) {
  const ConfigNode value = write_field(*find_row(key), {.spec = spec});
  return value.is_scalar() ? value.text : write_flow_yaml(value);
}

std::string to_yaml(const ExperimentSpec& spec) {
  ConfigFields fields{
      .spec = spec, .seeds = {spec.seed}, .data_folder = {}, .output = {}, .failures = {}};
  std::string yaml;
  std::string_view before;
  for (const auto& row : schema()) {
    if (!is_trial_row(row) || !is_for(row, fields.spec.model.kind)) continue;
    const YamlPlace place = open_sections(before, row.key, yaml);
    append_yaml(place, write_field(row, fields), yaml);
    before = row.key;
  }
  return yaml;
}

std::string text_of_results(std::string yaml) {
  constexpr std::string_view kSection = "model:\n";
  constexpr std::string_view kThreads = "  threads: ";
  const std::size_t found = yaml.starts_with(kSection) ? 0 : yaml.find("\nmodel:\n");
  if (found == yaml.npos) return yaml;
  const std::size_t begin = found + kSection.size() + (found == 0 ? 0 : 1);
  std::string kept = yaml.substr(0, begin);
  bool is_dropped = false;
  std::size_t line = begin;
  for (std::size_t next = 0; yaml.compare(line, 2, "  ") == 0; line = next) {
    next = std::min(yaml.find('\n', line), yaml.size() - 1) + 1;
    const std::string_view text(yaml.data() + line, next - line);
    // What stands deeper belongs to the key before it.
    if (!text.starts_with("   ")) is_dropped = is_without_result(text);
    if (text.starts_with(kThreads)) {
      kept.append(kThreads).append(std::to_string(ModelOptions{}.threads)) += '\n';
    } else if (!is_dropped) {
      kept += text;
    }
  }
  return kept + yaml.substr(line);
}

ServerOptions server_of_document(std::string_view yaml) {
  if (yaml.empty()) return {};
  const ConfigNode root = parse_yaml(yaml, "the run's configuration");
  const ConfigNode* kind = root.find("model") ? root.find("model")->find("kind") : nullptr;
  if (kind == nullptr || kind->text != kModelKinds[static_cast<std::size_t>(ModelKind::kServer)])
    return {};
  ConfigFields fields;
  read_section(root, "model", fields);
  return fields.spec.model.server;
}

ServerOptions asked_as_in(ServerOptions model, const ServerOptions& document) {
  model.urls = document.urls;
  model.requests = document.requests;
  model.tries = document.tries;
  model.patience_seconds = document.patience_seconds;
  model.times = document.times;
  model.limits = document.limits;
  model.prices = document.prices;
  model.key_variable = document.key_variable;
  model.key_file = document.key_file;
  model.ca_file = document.ca_file;
  return model;
}

TaskOptions with_real_paths(TaskOptions task, const PathRoots& roots) {
  for (auto* path : {&task.train, &task.dev, &task.test}) {
    if (is_data_path(*path)) {
      *path = roots.data / below_data_folder(*path);
    } else if (!path->empty()) {
      *path = real_path(roots.folder, *path);
    }
  }
  task.data_folder = roots.data;
  return task;
}

ExperimentSpec with_real_paths(ExperimentSpec spec, const PathRoots& roots) {
  ServerOptions& server = spec.model.server;
  for (auto* path : {&spec.model.path, &server.tokenizer, &server.key_file, &server.ca_file}) {
    if (!path->empty()) *path = real_path(roots.folder, *path);
  }
  if (!roots.model.empty() && spec.model.kind == ModelKind::kReplica) spec.model.path = roots.model;
  spec.task = with_real_paths(std::move(spec.task), roots);
  return spec;
}

ExperimentSpec experiment_from_yaml(std::string_view yaml, const PathRoots& roots) {
  ExperimentSpec spec = parse_experiment(parse_yaml(yaml, "trial configuration"));
  spec.places = spec.task.places = nullptr;  // no file that a person could look into
  return with_real_paths(std::move(spec), roots);
}

}  // namespace bbprompt
