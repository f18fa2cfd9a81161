#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "bbprompt/config/config_node.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// A configuration as read: every key is known and in its place, every value has the type and range
// of its key, task files are read in. The sweep is not yet expanded.
struct ConfigDocument {
  std::string given;             // text of the file as it was
  std::filesystem::path folder;  // paths in the document are relative to it
  ConfigNode root;               // a mapping
};

// Reads a configuration file and applies overrides "key=value" in order.
//
// `task:` may name a task file instead of being a mapping, here, in sweep.axes.task and in a
// variant; the file then stands in its place, with its paths made relative to `folder` and its
// defaults filled in. Paths in an override are relative to `folder` too, as if written in the file.
// A mapping given for a section merges into it; any other value replaces.
//
// Throws ConfigError when the file (or a task file) cannot be read, is larger than 1 MiB, is not
// such YAML as parse_yaml accepts, or has an unknown key or a value of the wrong type or range; the
// same for overrides, whose location reads "--set key=value". An override of a key that the sweep
// sets as well is refused, because the sweep would win.
[[nodiscard]] ConfigDocument load_config(const std::filesystem::path& path,
                                         std::span<const std::string> overrides = {});

// The same from text at hand: `name` stands for the file in errors.
[[nodiscard]] ConfigDocument parse_config(std::string text, const std::filesystem::path& folder,
                                          const std::string& name);

// Whether a file is a task alone, as `task:` may name it, and not a configuration. Throws
// ConfigError when it is no YAML.
[[nodiscard]] bool is_task_file(const std::filesystem::path& file);

// A task file alone, with real paths (experiment_yaml.hpp). Throws ConfigError as load_config does.
[[nodiscard]] TaskOptions load_task(const std::filesystem::path& file,
                                    const std::filesystem::path& data_folder);

// Sets one dotted key: a mapping merges into a section, any other value replaces. `at` is where the
// key was written. Throws ConfigError for an unknown key, or a section that is not given a mapping.
void set_config_value(ConfigNode& root, std::string_view key, const ConfigNode& value,
                      const ConfigPosition& at);

// A value of a known key in canonical form on one line; a scalar without quotes.
[[nodiscard]] std::string config_value_text(const std::string& key, const ConfigNode& value);

// The document in canonical form: known order, every default written out, numbers in shortest exact
// form. Loads to the same sweep plan from the same folder.
[[nodiscard]] std::string resolved_yaml(const ConfigDocument& document);

}  // namespace bbprompt
