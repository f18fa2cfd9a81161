#pragma once

#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// Where a key of a trial's settings was written. Specifications that come from no file (a worker's,
// a stored run's) know no line; the location then names the task in place of a file.
[[nodiscard]] ConfigLocation place_of(const ExperimentSpec& spec, std::string_view key);
[[nodiscard]] ConfigLocation place_of(const TaskOptions& task, std::string_view key);

// Runs `build` for parts that know no configuration file. Of their errors, a SettingError becomes a
// ConfigError at the place of its own key; another Error that names no file of its own becomes one
// at the place of `key`. `Settings` is an ExperimentSpec or a TaskOptions.
template <typename Settings, typename Build>
auto with_place(const Settings& settings, std::string_view key, Build build) {
  try {
    return build();
  } catch (const SettingError& error) {
    throw ConfigError(place_of(settings, error.key()), error.message());
  } catch (const ModelError&) {
    throw;
  } catch (const DataError&) {
    throw;
  } catch (const StoreError&) {
    throw;
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError(place_of(settings, key), error.what());
  }
}

}  // namespace bbprompt
