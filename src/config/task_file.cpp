#include "config/task_file.hpp"

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "config/experiment_checks.hpp"
#include "config/field_io.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxTaskBytes = std::size_t{16} << 20;

ConfigNode wrapped(ConfigNode task) {
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMapping;
  root.position = task.position;
  root.entries.push_back({"task", task.position, std::move(task)});
  return root;
}

bool is_task_row(const SchemaRow& row) { return overlaps(row.key, "task"); }

// Defaults where nothing stands, and paths relative to the configuration instead of the task file.
void complete(ConfigNode& root, ConfigFields& fields, const fs::path& task_folder) {
  for (const auto& row : schema()) {
    if (!is_task_row(row)) continue;
    const auto* written = find_value(root, row.key);
    const ConfigPosition at = locate(root, row.key);
    const auto field = row.field(fields);
    if (auto* const* path = std::get_if<fs::path*>(&field); path != nullptr && !(*path)->empty()) {
      if (!is_data_path(**path) && !is_rooted(**path)) **path = task_folder / **path;
    } else if (written != nullptr) {
      continue;
    }
    ConfigNode value = write_field(row, fields);
    value.position = at;
    put_value(root, row.key, std::move(value), at);
  }
}

// The mapping of a task file below a key "task", checked.
ConfigNode read_task(std::string_view text, const fs::path& file, ConfigFields& fields) {
  ConfigNode root = wrapped(parse_yaml(text, file.string()));
  check_keys(root);
  read_section(root, "task", fields);
  check_task(root, fields.spec.task);
  return root;
}

// The text of a file that no other one names.
std::string read_alone(const fs::path& file) {
  ConfigPosition at;
  at.file = std::make_shared<const std::string>(file.string());
  return read_config_text(file, at, "");
}

}  // namespace

std::string read_config_text(const fs::path& path, const ConfigPosition& at, std::string_view key) {
  const auto fail = [&](const std::string& why) {
    fail_config(at, key, "cannot read \"" + printable(path.string(), 200) + "\": " + why);
  };
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) fail(error ? error.message() : "no such file");
  if (!fs::is_regular_file(status)) fail("expected a file, found something else");
  if (fs::file_size(path, error) > kMaxFileBytes) fail("expected at most 1 MiB, found more");
  try {
    return read_file(path, kMaxFileBytes);
  } catch (const StoreError& cause) {
    fail(cause.what());
  }
  return {};
}

bool is_task_file(const fs::path& file) {
  const ConfigNode root = parse_yaml(read_alone(file), file.string());
  return root.find("template") != nullptr && root.find("task") == nullptr;
}

TaskOptions load_task(const fs::path& file, const fs::path& data_folder) {
  ConfigFields fields;
  const ConfigNode root = read_task(read_alone(file), file, fields);
  fields.spec.task.places = places_of(root, {"task"});
  return with_real_paths(std::move(fields.spec.task),
                         {.folder = file.parent_path(), .data = data_folder});
}

void TaskFileLoader::resolve(ConfigNode& task) {
  if (!task.is_scalar()) return;
  if (task.text.empty()) fail_config(task.position, "task", "expected a task file, found \"\"");
  const fs::path file = folder_ / task.text;
  const std::string text = read_config_text(file, task.position, "task");
  num_bytes_ += text.size();
  if (num_bytes_ > kMaxTaskBytes) {
    fail_config(task.position, "task",
                "expected task files of at most 16 MiB together, found more");
  }
  ConfigFields fields;
  ConfigNode root = read_task(text, file, fields);
  complete(root, fields, fs::path(task.text).parent_path());
  task = std::move(root.entries.front().value);
}

void TaskFileLoader::resolve_document(ConfigNode& root) {
  if (auto* task = root.find("task")) resolve(*task);
  auto* sweep = root.find("sweep");
  if (sweep == nullptr) return;
  resolve_values(sweep->find("axes"));
  if (auto* zip = sweep->find("zip")) {
    resolve_values(zip);
    for (auto& group : zip->items) resolve_values(&group);
  }
  if (auto* list = sweep->find("list")) {
    for (auto& point : list->items) resolve_setting(&point);
  }
  for (const auto* sampling : {"random", "quasi_random"}) {
    auto* section = sweep->find(sampling);
    auto* space = section == nullptr ? nullptr : section->find("space");
    auto* task = space == nullptr ? nullptr : space->find("task");
    auto* choices = task == nullptr ? nullptr : task->find("choice");
    if (choices == nullptr) continue;
    for (auto& choice : choices->items) resolve(choice);
  }
  if (auto* overrides = sweep->find("overrides")) {
    for (auto& rule : overrides->items) resolve_setting(rule.find("set"));
  }
  if (auto* variants = sweep->find("variants")) {
    for (auto& variant : variants->entries) resolve_setting(&variant.value);
  }
}

void TaskFileLoader::resolve_values(ConfigNode* lists) {
  auto* tasks = lists == nullptr ? nullptr : lists->find("task");
  if (tasks == nullptr) return;
  for (auto& task : tasks->items) resolve(task);
}

void TaskFileLoader::resolve_setting(ConfigNode* settings) {
  auto* task = settings == nullptr ? nullptr : settings->find("task");
  if (task != nullptr) resolve(*task);
}

}  // namespace bbprompt
