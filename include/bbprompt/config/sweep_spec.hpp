#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// One setting of a sweep: a dotted key and its value.
struct SweepSetting {
  std::string key;
  ConfigPosition position;
  ConfigNode value;
};

// Settings that go together; no two set the same key.
using SweepPoint = std::vector<SweepSetting>;

// One dimension of the grid: a key with its values, a group of zipped keys, or a list of points.
struct SweepAxis {
  std::string name;                // in errors: "axis prompt.length", "sweep.zip", "sweep.list"
  std::vector<SweepPoint> points;  // at least one
};

// A named method.
struct SweepVariant {
  std::string name;
  SweepPoint settings;
};

// What values a key of a sampled space takes.
struct SweepDistribution {
  enum class Kind { kUniform, kLogUniform, kInteger, kLogInteger, kChoice };

  std::string key;
  ConfigPosition position;
  Kind kind = Kind::kChoice;
  double low = 0.0;  // below high; whole for integers; above 0 for logarithms
  double high = 0.0;
  std::vector<ConfigNode> choices;  // kChoice: at least one
};

// A space of settings and how often it is sampled (sweep/sampling.hpp).
struct SweepSampling {
  SamplingOptions options;
  std::vector<SweepDistribution> space;  // in file order
};

// What a condition asks of one key: one of some values, or a number within limits.
struct SweepTest {
  std::string key;  // of a single value; or variant, task (its name), seed
  ConfigPosition position;
  std::vector<std::string> values;  // canonical; empty: a range
  std::optional<double> min;
  std::optional<double> max;
};

// Holds where all of its tests do.
struct SweepCondition {
  std::string owner;  // "sweep.exclude"
  ConfigPosition position;
  std::vector<SweepTest> tests;  // at least one, no key twice
};

// Further settings where a condition holds.
struct SweepOverride {
  SweepCondition when;
  SweepPoint settings;
};

// Further trials beside those for which a condition holds: each value alone, in place of the
// trial's own.
struct SweepVariation {
  std::optional<SweepCondition> when;  // absent: beside every trial
  std::vector<SweepSetting> settings;  // at least one; each is a trial of its own
};

// What a document says of its sweep.
struct SweepSpec {
  std::string name;
  std::filesystem::path data_folder;  // as written
  FailureOptions failures;
  OutputOptions output;              // folder filled in: "out/NAME" by default
  std::vector<std::uint64_t> seeds;  // at least one, no seed twice
  std::vector<SweepAxis> axes;       // axes in file order, zipped groups, the list
  SweepSampling random;
  SweepSampling quasi_random;
  std::vector<SweepVariant> variants;
  std::vector<SweepVariation> variations;
  std::vector<SweepOverride> overrides;
  std::vector<SweepCondition> exclude;
  std::vector<SweepCondition> include;
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

// Throws ConfigError for an unknown key of any part, a list without values, zipped lists of
// different lengths, a distribution with wrong limits or that does not suit its key, a key that no
// sweep may set (name, seeds, data_folder, output, failures), a condition that no value could meet,
// and a key that two parts would set, or one part twice: one of them would win silently. Only an
// override or a variation may set what a variant sets.
[[nodiscard]] SweepSpec parse_sweep(const ConfigDocument& document);

// A document with its sweep, parsed once.
struct SweepDocument {
  explicit SweepDocument(ConfigDocument read)
      : document(std::move(read)), sweep(parse_sweep(document)) {}

  ConfigDocument document;
  SweepSpec sweep;
};

}  // namespace bbprompt
