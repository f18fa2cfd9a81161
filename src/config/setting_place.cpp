#include "bbprompt/config/setting_place.hpp"

namespace bbprompt {
namespace {

ConfigLocation find(const std::shared_ptr<const KeyPlaces>& places, const TaskOptions& task,
                    std::string_view key) {
  ConfigLocation location{.file = {}, .key = std::string(key)};
  if (places) location = places->find(key);
  if (location.file.empty()) location.file = "task " + task.name;
  return location;
}

}  // namespace

ConfigLocation place_of(const TaskOptions& task, std::string_view key) {
  return find(task.places, task, key);
}

ConfigLocation place_of(const ExperimentSpec& spec, std::string_view key) {
  const bool is_of_task = key == "task" || key.starts_with("task.");
  return find(is_of_task ? spec.task.places : spec.places, spec.task, key);
}

}  // namespace bbprompt
