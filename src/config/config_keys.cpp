#include "config/config_keys.hpp"

#include <cmath>

#include "config/field_io.hpp"
#include "config/schema.hpp"

namespace bbprompt {
namespace {

// Limits in plain digits up to 1e15, the others as 1e300.
std::string limit_text(double limit) {
  const bool is_plain = std::abs(limit) <= 1e15 && limit == std::floor(limit);
  return is_plain ? std::to_string(static_cast<std::int64_t>(limit)) : shortest(limit);
}

std::string range_text(const Limits& limits) {
  if (limits.is_min_open) {
    return "above " + limit_text(limits.min) + ", at most " + limit_text(limits.max);
  }
  return "from " + limit_text(limits.min) + " to " + limit_text(limits.max);
}

std::string choice_text(const SchemaRow& row) {
  std::string text(row.choices[0]);
  for (std::size_t i = 1; i < row.choices.size() && !row.choices[i].empty(); ++i) {
    const bool is_last = i + 1 == row.choices.size() || row.choices[i + 1].empty();
    text += (is_last ? " or " : ", ") + std::string(row.choices[i]);
  }
  return text;
}

std::string text_rule(TextField::Rule rule) {
  switch (rule) {
    case TextField::Rule::kAny:
      return "text";
    case TextField::Rule::kFilled:
      return "text that is not empty";
    case TextField::Rule::kName:
      return "a name (at most 64 letters, digits, '.', '_' and '-')";
  }
  return {};
}

struct ExpectedText {
  const SchemaRow& row;

  std::string operator()(const int* /*field*/) const { return integer(); }
  std::string operator()(const std::int64_t* /*field*/) const { return integer(); }
  std::string operator()(const double* /*field*/) const { return real(); }
  std::string operator()(const OptionalReal& /*field*/) const { return "none or " + real(); }
  std::string operator()(const bool* /*field*/) const { return "true or false"; }
  std::string operator()(const TextField& field) const { return text_rule(field.rule); }
  std::string operator()(const TemplateField& /*field*/) const {
    return text_rule(TextField::Rule::kFilled) +
           ", or a mapping of masked and causal to such texts";
  }
  std::string operator()(const TextListField& /*field*/) const { return "a list of texts"; }
  std::string operator()(const std::filesystem::path* /*field*/) const { return "a path"; }
  std::string operator()(const std::vector<std::string>* /*field*/) const {
    return "a list of words";
  }
  std::string operator()(const std::vector<LabelOptions>* /*field*/) const {
    return "a mapping from two or more label names to a word or a list of words";
  }
  std::string operator()(const std::vector<std::uint64_t>* /*field*/) const {
    return "a list of seeds, or a count from 1 to 100000 for the seeds 1, 2, ...";
  }
  std::string operator()(const SweepField& field) const { return std::string(field.expected); }
  template <typename Choice>
  std::string operator()(const Choice* /*field*/) const {
    return choice_text(row);
  }

 private:
  [[nodiscard]] std::string integer() const { return "an integer " + range_text(row.limits); }
  [[nodiscard]] std::string real() const { return "a number " + range_text(row.limits); }
};

}  // namespace

std::string expected_value(const SchemaRow& row) {
  ConfigFields fields;
  return std::visit(ExpectedText{row}, row.field(fields));
}

std::vector<ConfigKey> config_keys() {
  const ConfigFields defaults;
  std::vector<ConfigKey> keys;
  for (const auto& row : schema()) {
    const bool is_required = row.presence == Presence::kRequired;
    keys.push_back({.key = std::string(row.key),
                    .expected = expected_value(row),
                    .is_required = is_required,
                    .default_text = is_required ? "" : write_flow_yaml(write_field(row, defaults)),
                    .meaning = std::string(row.meaning)});
  }
  return keys;
}

}  // namespace bbprompt
