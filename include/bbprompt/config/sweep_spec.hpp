#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// One dimension of the grid: a dotted key and the values it takes in turn.
struct SweepAxis {
  std::string key;
  ConfigPosition position;
  std::vector<ConfigNode> values;  // at least one
};

// One setting of a variant.
struct SweepSetting {
  std::string key;
  ConfigPosition position;
  ConfigNode value;
};

// A named method: several settings that go together.
struct SweepVariant {
  std::string name;
  std::vector<SweepSetting> settings;
};

// What a document says of its sweep.
struct SweepSpec {
  std::string name;
  std::filesystem::path data_folder;  // as written
  FailureOptions failures;
  OutputOptions output;              // folder filled in: "out/NAME" by default
  std::vector<std::uint64_t> seeds;  // at least one, no seed twice
  std::vector<SweepAxis> axes;       // in file order
  std::vector<SweepVariant> variants;
  PromptSource prompts_from;  // `run` with the configuration's folder in front
};

// A prompt of another run as a variant.
struct PromptVariant {
  std::string name;
  std::string text;
  std::vector<std::string> tokens;  // as the vocabulary spells them
};

// The document with `variants` behind its own, each a manual prompt, and without
// sweep.prompts_from. Throws ConfigError where a name is taken, or an axis sets what they set.
[[nodiscard]] ConfigDocument with_prompt_variants(ConfigDocument document,
                                                  const std::vector<PromptVariant>& variants);

// Throws ConfigError for an unknown key of an axis or a variant, an axis without values, a key
// that no axis may set (name, seeds, data_folder, output, failures), and a key that two axes, an
// axis and a variant, or one variant twice would set: one of them would win silently.
[[nodiscard]] SweepSpec parse_sweep(const ConfigDocument& document);

}  // namespace bbprompt
