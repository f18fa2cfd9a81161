#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bbprompt {

struct PlannedTrial {
  std::string id;
  std::string config_hash;  // SHA-256 of the trial's settings
};

// The plan of a run as its folder keeps it: the trials, in plan order.
struct PlanFile {
  std::string name;         // of the experiment
  std::string config_hash;  // of the plan
  std::vector<PlannedTrial> trials;
};

// Text: "name NAME", "configuration HASH", and "trial ID HASH" for each trial.
[[nodiscard]] std::filesystem::path plan_path(const std::filesystem::path& folder);

// Replaces the file as a whole. Throws StoreError when it cannot be written.
void write_plan(const std::filesystem::path& folder, const PlanFile& plan);

// None where the folder has no such file. Throws StoreError for one that is damaged.
[[nodiscard]] std::optional<PlanFile> read_plan(const std::filesystem::path& folder);

}  // namespace bbprompt
