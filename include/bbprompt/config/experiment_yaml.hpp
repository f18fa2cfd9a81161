#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// One trial's settings from the root of a document without axes and variants (a `sweep` in it is
// not looked at). Paths stay as written, relative to the configuration's folder; `seed` is the
// first one. Throws ConfigError for a missing required key, and for values that do not go together:
// no budget at all, binary_f1 without exactly two labels, one word for two labels, one column for
// two fields, a path "data:..." that leaves the data folder, a full covariance matrix over more
// than 10000 coordinates.
[[nodiscard]] ExperimentSpec parse_experiment(const ConfigNode& root);

// The two steps of it, for a root of known keys: values of the right type and range, and values
// that go together.
[[nodiscard]] ExperimentSpec read_experiment(const ConfigNode& root);
void check_experiment(const ConfigNode& root, const ExperimentSpec& spec);

// What a specification has at the key of a single value: config_value_text of it.
[[nodiscard]] std::string setting_text(const ExperimentSpec& spec, std::string_view key);

// The specification as a complete configuration: every key but `data_folder`, `output`, `failures`
// and `sweep`, paths as they stand in `spec`. parse_experiment gives the same specification back,
// bit for bit.
[[nodiscard]] std::string to_yaml(const ExperimentSpec& spec);

// What to_yaml wrote, or a part of it, with the settings that change no result at their defaults:
// what ids and hashes of trials are made from. That is model.threads.
[[nodiscard]] std::string text_of_results(std::string yaml);

// How a trial's model server is asked, which text_of_results() leaves out, as a whole document
// (such as RunInfo::config_asked) says it. Throws ConfigError for a document that cannot be
// read.
[[nodiscard]] ServerOptions server_of_document(std::string_view yaml);
// The options of `model` with all that by `document`.
[[nodiscard]] ServerOptions asked_as_in(ServerOptions model, const ServerOptions& document);

// Where relative paths of a configuration start.
struct PathRoots {
  std::filesystem::path folder;   // of the configuration
  std::filesystem::path data;     // of paths written "data:..." (data_path.hpp)
  std::filesystem::path model{};  // where the model's folder is now; empty: where it was
};

// The same with every relative path below its root, ready to be opened.
[[nodiscard]] TaskOptions with_real_paths(TaskOptions task, const PathRoots& roots);
[[nodiscard]] ExperimentSpec with_real_paths(ExperimentSpec spec, const PathRoots& roots);

// What to_yaml wrote, with real paths: how a worker gets its trial.
[[nodiscard]] ExperimentSpec experiment_from_yaml(std::string_view yaml, const PathRoots& roots);

}  // namespace bbprompt
