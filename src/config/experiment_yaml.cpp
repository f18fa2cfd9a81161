#include "bbprompt/config/experiment_yaml.hpp"

#include "config/experiment_checks.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

bool is_trial_row(const SchemaRow& row) {
  return !overlaps(row.key, "output") && !overlaps(row.key, "sweep") &&
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
  ConfigFields fields{.spec = spec, .seeds = {spec.seed}, .output = {}};
  return write_yaml(write_section(fields, is_trial_row));
}

ExperimentSpec with_real_paths(ExperimentSpec spec, const std::filesystem::path& folder) {
  for (auto* path : {&spec.model.path, &spec.task.train, &spec.task.dev, &spec.task.test}) {
    if (!path->empty()) *path = folder / *path;
  }
  return spec;
}

ExperimentSpec experiment_from_yaml(std::string_view yaml, const std::filesystem::path& folder) {
  return with_real_paths(parse_experiment(parse_yaml(yaml, "trial configuration")), folder);
}

}  // namespace bbprompt
