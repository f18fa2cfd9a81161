#include "bbprompt/config/experiment_yaml.hpp"

#include "bbprompt/config/data_path.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

bool is_trial_row(const SchemaRow& row) {
  return row.key != "data_folder" && !overlaps(row.key, "output") && !overlaps(row.key, "sweep") &&
         !overlaps(row.key, "profile") && !overlaps(row.key, "profiles");
}

}  // namespace

ExperimentSpec read_experiment(const ConfigNode& root) {
  ConfigFields fields;
  read_section(root, "", fields);
  fields.spec.seed = fields.seeds.front();
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
  ConfigFields fields{.spec = spec, .seeds = {spec.seed}, .data_folder = {}, .output = {}};
  return write_yaml(write_section(fields, is_trial_row));
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
  return with_real_paths(parse_experiment(parse_yaml(yaml, "trial configuration")), roots);
}

}  // namespace bbprompt
