#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// Where the values of a configuration go.
struct ConfigFields {
  ExperimentSpec spec;
  std::vector<std::uint64_t> seeds = {1};
  std::filesystem::path data_folder;
  OutputOptions output;
  FailureOptions failures;
  PromptSource prompts_from;
  SamplingOptions random;
  SamplingOptions quasi_random;
  std::string profile;
};

// A number, or the word `none`.
struct OptionalReal {
  double* value;
  bool* is_set;
};

// Text as it is written; kinds of text differ in what they refuse.
struct TextField {
  enum class Rule { kAny, kFilled, kName };
  std::string* value;
  Rule rule = Rule::kAny;
};

// A template for all models; or one for masked models and one for causal ones (else empty).
inline constexpr std::string_view kMaskedTemplate = "masked";
inline constexpr std::string_view kCausalTemplate = "causal";
struct TemplateField {
  std::string* text;
  std::string* causal;
};

// A list of texts that may be short or repeat.
struct TextListField {
  std::vector<std::string>* value;
};

// A mapping or list that is not read into a field: sweep (parse_sweep, resolved_yaml), profiles.
struct SweepField {
  std::string_view expected;
  bool is_list = false;
};

using FieldRef = std::variant<
    int*, std::int64_t*, double*, OptionalReal, bool*, TextField, TemplateField, std::string*,
    std::filesystem::path*, ModelKind*, ServerApi*, Route*, PromptKind*, FileQuoting*, Relaxation*,
    CandidateSource*, CandidateText*, SoftPromptMode*, SoftPromptLayers*, ObjectiveKind*,
    MetricKind*, Calibration*, SelectionRule*, FailurePolicy*, OptimizerKind*, CovarianceKind*,
    RestartKind*, PolicyGradientVariant*, GradientRule*, std::vector<std::string>*,
    std::vector<LabelOptions>*, std::vector<std::uint64_t>*, TextListField, SweepField>;

// Limits of a number, or of each number in a list.
struct Limits {
  double min = 0.0;
  double max = 0.0;
  bool is_min_open = false;  // above min, not min itself
};

enum class Presence { kOptional, kRequired };

// One key. The default is whatever a fresh ConfigFields holds.
struct SchemaRow {
  std::string_view key;
  FieldRef (*field)(ConfigFields& fields);
  Presence presence = Presence::kOptional;  // for models of `model_kind`
  std::string_view model_kind{};            // the only one that the key is for; empty: all
  Limits limits{};
  std::array<std::string_view, 9> choices{};  // in enumerator order; unused ones empty
  std::string_view meaning;
};

// All rows, in canonical order.
[[nodiscard]] std::span<const SchemaRow> schema();

// Those of the sections `model`, `prompt` and `sweep`.
[[nodiscard]] std::span<const SchemaRow> model_rows();
[[nodiscard]] std::span<const SchemaRow> prompt_rows();
[[nodiscard]] std::span<const SchemaRow> sweep_rows();

inline constexpr std::string_view kNamedSettings =
    "a mapping from names to mappings from dotted keys to values";

[[nodiscard]] const SchemaRow* find_row(std::string_view key);

// Whether the key is for models of this kind.
[[nodiscard]] bool is_for(const SchemaRow& row, ModelKind kind);

// Whether some key starts with "PREFIX."; the empty prefix is the whole document.
[[nodiscard]] bool is_section(std::string_view prefix);

// "prompt" and "length" give "prompt.length"; the empty prefix adds nothing.
[[nodiscard]] std::string join_key(std::string_view prefix, std::string_view key);

// Whether the keys are equal or one holds the other.
[[nodiscard]] bool overlaps(std::string_view a, std::string_view b);

enum class Numbers { kNone, kWhole, kAll };

// Which numbers a key takes.
[[nodiscard]] Numbers numbers_of(const SchemaRow& row);

// "an integer from 1 to 512": what the key's error texts and the table of keys say.
[[nodiscard]] std::string expected_value(const SchemaRow& row);

}  // namespace bbprompt
