#include "bbprompt/config/experiment_yaml.hpp"

#include <algorithm>

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
    if (!is_trial_row(row)) continue;
    const YamlPlace place = open_sections(before, row.key, yaml);
    append_yaml(place, write_field(row, fields), yaml);
    before = row.key;
  }
  return yaml;
}

std::string text_of_results(std::string yaml) {
  constexpr std::string_view kSection = "model:\n";
  constexpr std::string_view kThreads = "  threads: ";
  std::size_t line = yaml.starts_with(kSection) ? 0 : yaml.find("\nmodel:\n");
  if (line == yaml.npos) return yaml;
  if (line != 0) ++line;
  const auto next_line = [&yaml](std::size_t at) {
    return std::min(yaml.find('\n', at), yaml.size() - 1) + 1;
  };
  for (line += kSection.size(); yaml.compare(line, 2, "  ") == 0; line = next_line(line)) {
    if (yaml.compare(line, kThreads.size(), kThreads) != 0) continue;
    const std::size_t begin = line + kThreads.size();
    yaml.replace(begin, next_line(line) - 1 - begin, std::to_string(ModelOptions{}.threads));
    break;
  }
  return yaml;
}

TaskOptions with_real_paths(TaskOptions task, const PathRoots& roots) {
  for (auto* path : {&task.train, &task.dev, &task.test}) {
    if (is_data_path(*path)) {
      *path = roots.data / below_data_folder(*path);
    } else if (!path->empty()) {
      *path = roots.folder / *path;
    }
  }
  task.data_folder = roots.data;
  return task;
}

ExperimentSpec with_real_paths(ExperimentSpec spec, const PathRoots& roots) {
  if (!spec.model.path.empty()) spec.model.path = roots.folder / spec.model.path;
  spec.task = with_real_paths(std::move(spec.task), roots);
  return spec;
}

ExperimentSpec experiment_from_yaml(std::string_view yaml, const PathRoots& roots) {
  ExperimentSpec spec = parse_experiment(parse_yaml(yaml, "trial configuration"));
  spec.places = spec.task.places = nullptr;  // no file that a person could look into
  return with_real_paths(std::move(spec), roots);
}

}  // namespace bbprompt
