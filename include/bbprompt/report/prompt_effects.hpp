#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bbprompt {

// In a run's folder.
inline constexpr const char* kExplanationsFile = "explanations.json";

// What leaving a part of a prompt out changes; NaN where it could not be scored.
struct PartEffect {
  std::string text;
  double loss_change = 0.0;  // above 0: the part helps
  double metric_change = 0.0;
};

struct PromptEffects {
  std::string split;  // that was asked
  std::string metric;
  double loss = 0.0;  // of the whole prompt
  std::vector<PartEffect> parts;
};

using EffectsByTrial = std::map<std::string, PromptEffects>;  // by trial id

// Adds what `bbprompt explain --save` wrote; of two explanations of a trial the first one stays.
// Throws StoreError when the file cannot be read or is not such JSON.
void read_effects(const std::filesystem::path& path, EffectsByTrial& effects);

}  // namespace bbprompt
