#include "bbprompt/config/experiment_yaml.hpp"

#include "bbprompt/config/data_path.hpp"
#include "config/experiment_checks.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

bool is_trial_row(const SchemaRow& row) {
  return row.key != "data_folder" && !overlaps(row.key, "output") &&
         !overlaps(row.key, "failures") && !overlaps(row.key, "sweep") &&
         !overlaps(row.key, "profile") && !overlaps(row.key, "profiles");
}

}  // namespace

ExperimentSpec parse_experiment(const ConfigNode& root) {
  check_keys(root);
  ConfigFields fields;
  read_section(root, "", fields);
  fields.spec.seed = fields.seeds.front();
  check_experiment(root, fields.spec);
  return fields.spec;
}

std::string to_yaml(const ExperimentSpec& spec) {
  ConfigFields fields{
      .spec = spec, .seeds = {spec.seed}, .data_folder = {}, .output = {}, .failures = {}};
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
