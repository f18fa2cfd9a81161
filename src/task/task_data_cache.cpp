#include "bbprompt/task/task_data_cache.hpp"

#include <algorithm>
#include <system_error>

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

// Texts by their lengths, so that no two lists give one key.
void append(std::string& key, std::string_view part) {
  key += std::to_string(part.size()) + ':';
  key += part;
}

// Names a version of a file.
void append_file(std::string& key, const fs::path& path) {
  append(key, path.string());
  std::error_code size_status;
  std::error_code time_status;
  const auto size = fs::file_size(path, size_status);
  const auto time = fs::last_write_time(path, time_status);
  if (size_status || time_status) return;  // reading it will say what is wrong
  append(key, std::to_string(size) + ' ' + std::to_string(time.time_since_epoch().count()));
}

// What decides how a row becomes an example.
void append_columns(std::string& key, const TaskOptions& task) {
  append(key, task.text_a);
  append(key, task.text_b);
  append(key, task.label);
  append(key, task.data_folder.string());
  for (const LabelOptions& label : task.labels) append(key, label.name);
}

std::string key_of(const TaskOptions& task, const FewShotOptions& few_shot, std::uint64_t seed) {
  std::string key;
  append_columns(key, task);
  for (const fs::path& path : {task.train, task.dev, task.test}) append_file(key, path);
  append(key, std::to_string(few_shot.train_per_class) + ' ' +
                  std::to_string(few_shot.dev_per_class) + ' ' + std::to_string(few_shot.max_test) +
                  ' ' + std::to_string(seed));
  return key;
}

// The entry of the key, made when it is not there, as the latest one.
template <typename Recent, typename Make>
auto recall(Recent& recent, const std::string& key, std::size_t limit, const Make& make) {
  const auto found = std::find_if(recent.begin(), recent.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (found != recent.end()) {
    recent.splice(recent.begin(), recent, found);
  } else {
    recent.emplace_front(key, make());
    while (recent.size() > std::max<std::size_t>(limit, 1)) recent.pop_back();
  }
  return recent.front().second;
}

}  // namespace

std::shared_ptr<const Dataset> TaskDataCache::file(const fs::path& path, const TaskOptions& task) {
  std::string key;
  append_columns(key, task);
  append_file(key, path);
  return recall(files_, key, limits_.num_files,
                [&] { return std::make_shared<const Dataset>(read_dataset(path, task)); });
}

std::shared_ptr<const TaskData> TaskDataCache::get(const TaskOptions& task,
                                                   const FewShotOptions& few_shot,
                                                   std::uint64_t seed) {
  return recall(draws_, key_of(task, few_shot, seed), limits_.num_draws, [&] {
    const TaskFiles files{.train = file(task.train, task),
                          .dev = task.dev.empty() ? nullptr : file(task.dev, task),
                          .test = file(task.test, task)};
    return std::make_shared<const TaskData>(draw_task_data(files, task, few_shot, seed));
  });
}

}  // namespace bbprompt
