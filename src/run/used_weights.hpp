#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The weights files of a plan's local models, as they were when a run began. Workers use them from
// memory maps for as long as the run lasts, and fingerprints are taken at the start only.
class UsedWeights {
 public:
  explicit UsedWeights(const SweepPlan& plan);

  // Throws ModelError where a file has another size or time now, or is gone.
  void check() const;

 private:
  struct Sign {
    std::uintmax_t size = 0;
    std::filesystem::file_time_type time{};
    friend bool operator==(const Sign&, const Sign&) = default;
  };
  [[nodiscard]] static Sign sign_of(const std::filesystem::path& file);

  std::map<std::filesystem::path, Sign> files_;
};

}  // namespace bbprompt
