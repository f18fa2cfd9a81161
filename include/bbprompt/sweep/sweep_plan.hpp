#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {

// One optimizer run.
struct TrialSpec {
  // "TASK-METHOD-sSEED-HHHHHHHH" of [a-z0-9_-] only: the names in lower case and the first eight
  // digits of config_hash. Depends on the trial's own settings alone, so that it stays the same
  // when a sweep grows, shrinks or is written down in another order.
  std::string id;
  std::string method;  // name of the variant; without variants the prompt kind
  std::uint64_t seed = 0;
  ExperimentSpec spec;        // paths as they can be opened
  std::string resolved_yaml;  // every key, paths relative to the configuration's folder
  // SHA-256 of resolved_yaml with an empty name and without what changes no result
  // (text_of_results); no output, no folder.
  std::string config_hash;
  // Dotted key and value of everything that axes, zipped groups, listed and sampled points set, in
  // that order, a variation's last; a task's value is its name. Trials of one method and equal
  // values differ in their seeds alone.
  std::vector<std::pair<std::string, std::string>> axis_values;
};

// The trials of a sweep, in plan order.
struct SweepPlan {
  std::string name;
  OutputOptions output;
  FailureOptions failures;
  std::filesystem::path folder;       // absolute; relative paths in the trials start there
  std::filesystem::path data_folder;  // absolute; and paths written "data:..." here
  // Variants x (axes, zipped groups, list, random and quasi-random points; the last one fastest) x
  // seeds. The variations of a point follow it. Trials that filters leave out are absent.
  std::vector<TrialSpec> trials;
  std::string config_given;
  std::string config_resolved;
  // With a model server: config_resolved as it stands, with how the server is asked, which no
  // digest knows; config_resolved lacks that then. Else empty.
  std::string config_asked{};
  std::string config_hash;  // SHA-256 over the ids and hashes of the trials in order
};

// Most trials a sweep may have, most combinations of which filters may choose them, and most bytes
// their resolved configurations may take together.
inline constexpr std::int64_t kMaxTrials = 100000;
inline constexpr std::int64_t kMaxCombinations = 1000000;
inline constexpr std::int64_t kMaxPlanBytes = std::int64_t{1} << 29;

// A part of a plan, for a job array: the trials whose position is `index` modulo `count`, in the
// plan's order, so that every part has its share of each method and task.
struct Shard {
  int index = 0;  // from 0
  int count = 1;
};

// "2/4", from 1 as people count: the second of four. Throws UsageError for anything else.
[[nodiscard]] Shard parse_shard(std::string_view text);

// Trials and ids stay as they are; the part has a hash of its own. It may be empty.
[[nodiscard]] SweepPlan take_shard(SweepPlan plan, const Shard& shard);

// Expands a document whose sweep.prompts_from was read before (run/transfer.hpp). The condition of
// an override sees what the file, variant, axes and variations say. The condition of a filter sees
// the trial as it would run, before its values are checked against each other: so filters can leave
// out combinations that make no sense. Throws ConfigError when a trial's settings are wrong (see
// parse_experiment), when two trials are equal, when there are none or more than the limits allow,
// when two overrides set one key of one trial, or when a condition holds for no trial.
[[nodiscard]] SweepPlan expand(const SweepDocument& document);
[[nodiscard]] SweepPlan expand(const ConfigDocument& document);

}  // namespace bbprompt
