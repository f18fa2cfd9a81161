#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <type_traits>

#include "config/field_io.hpp"
#include "config/text_rules.hpp"

namespace bbprompt {
namespace {

constexpr std::uint64_t kMaxSeedCount = 100000;

// One value on its way into a field.
struct Reading {
  const SchemaRow& row;
  const ConfigNode& value;

  [[noreturn]] void fail(const ConfigNode& at, const std::string& expected) const {
    fail_config(at.position, row.key, "expected " + expected + ", found " + describe(at));
  }
  [[noreturn]] void fail() const { fail(value, expected_value(row)); }
};

// Whole numbers in decimal without leading zeros, which YAML 1.1 would take as octal.
template <typename T>
std::optional<T> parse_integer(const ConfigNode& value) {
  if (!value.is_scalar() || value.is_text) return std::nullopt;
  const std::string& text = value.text;
  const std::size_t first = text.substr(0, 1) == "-" ? 1 : 0;
  if (text.size() > first + 1 && text[first] == '0') return std::nullopt;
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> parse_real(const ConfigNode& value) {
  if (!value.is_scalar() || value.is_text) return std::nullopt;
  const std::string& text = value.text;
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number)) return std::nullopt;
  return number + 0.0;  // -0 becomes 0
}

bool is_within(double number, const Limits& limits) {
  return number <= limits.max && (limits.is_min_open ? number > limits.min : number >= limits.min);
}

void read(const Reading& in, double& field) {
  const auto number = parse_real(in.value);
  if (!number || !is_within(*number, in.row.limits)) in.fail();
  field = *number;
}

template <typename T>
requires std::is_integral_v<T>
void read(const Reading& in, T& field) {
  const auto number = parse_integer<std::int64_t>(in.value);
  if (!number || !is_within(static_cast<double>(*number), in.row.limits)) in.fail();
  field = static_cast<T>(*number);
}

void read(const Reading& in, bool& field) {
  const bool is_plain = in.value.is_scalar() && !in.value.is_text;
  if (!is_plain || (in.value.text != "true" && in.value.text != "false")) in.fail();
  field = in.value.text == "true";
}

std::size_t read_choice(const Reading& in) {
  const auto& choices = in.row.choices;
  for (std::size_t i = 0; i < choices.size() && !choices[i].empty(); ++i) {
    if (in.value.is_scalar() && in.value.text == choices[i]) return i;
  }
  in.fail();
}

template <typename T>
requires std::is_enum_v<T>
void read(const Reading& in, T& field) { field = static_cast<T>(read_choice(in)); }

void read(const Reading& in, std::string& field) { field = in.row.choices[read_choice(in)]; }

void read(const Reading& in, std::filesystem::path& field) {
  const bool is_required = in.row.presence == Presence::kRequired;
  if (!in.value.is_scalar() || (in.value.text.empty() && is_required)) in.fail();
  if (in.value.text.find_first_of("\n\t") != std::string::npos) in.fail();
  field = in.value.text;
}

bool is_filled(const ConfigNode& value) {
  return value.is_scalar() && value.text.find_first_not_of(" \n\t") != std::string::npos;
}

void read_text(const Reading& in, const TextField& field) {
  if (!in.value.is_scalar()) in.fail();
  const std::string& text = in.value.text;
  if (field.rule == TextField::Rule::kFilled && !is_filled(in.value)) in.fail();
  if (field.rule == TextField::Rule::kName && !is_name(text)) in.fail();
  *field.value = text;
}

void read_template(const Reading& in, const TemplateField& field) {
  const ConfigNode* masked = &in.value;
  const ConfigNode* causal = nullptr;
  if (in.value.is_mapping()) {
    masked = in.value.find(kMaskedTemplate);
    causal = in.value.find(kCausalTemplate);
    if (masked == nullptr || causal == nullptr || in.value.entries.size() != 2) in.fail();
    if (!is_filled(*causal)) in.fail(*causal, "text that is not empty");
  }
  if (!is_filled(*masked)) {
    if (causal == nullptr) in.fail();
    in.fail(*masked, "text that is not empty");
  }
  *field.text = masked->text;
  *field.causal = causal == nullptr ? std::string() : causal->text;
}

void read_text_list(const Reading& in, const TextListField& field) {
  if (!in.value.is_sequence()) in.fail();
  field.value->clear();
  for (const auto& item : in.value.items) {
    if (!item.is_scalar() || !is_trimmed_line(item.text)) {
      in.fail(item, "a text without blanks around it");
    }
    field.value->push_back(item.text);
  }
}

void read_optional(const Reading& in, const OptionalReal& field) {
  *field.is_set = !(in.value.is_scalar() && in.value.text == "none");
  *field.value = 0.0;
  if (*field.is_set) read(in, *field.value);
}

// A word of a list; `seen` holds those before it with what they belong to.
std::string read_word(const Reading& in, const ConfigNode& word, const std::string& owner,
                      std::map<std::string, std::string>& seen) {
  if (!word.is_scalar() || !is_trimmed_line(word.text)) {
    in.fail(word, "a word without blanks around it");
  }
  const auto [before, is_new] = seen.emplace(word.text, owner);
  if (!is_new) {
    const std::string where =
        owner == before->second ? " twice" : " for " + before->second + " too; choose another word";
    fail_config(word.position, in.row.key, describe(word) + " is used" + where);
  }
  return word.text;
}

void read(const Reading& in, std::vector<std::string>& field) {
  if (!in.value.is_sequence()) in.fail();
  std::map<std::string, std::string> seen;
  field.clear();
  for (const auto& word : in.value.items) field.push_back(read_word(in, word, "", seen));
  if (field.size() == 1)
    fail_config(in.value.position, in.row.key,
                "expected at least two words to choose from, found one");
}

void read(const Reading& in, std::vector<LabelOptions>& field) {
  if (!in.value.is_mapping()) in.fail();
  if (in.value.entries.size() < 2) {
    fail_config(in.value.position, in.row.key,
                "expected " + expected_value(in.row) + ", found " +
                    (in.value.entries.empty() ? "no label" : "one label"));
  }
  std::map<std::string, std::string> seen;
  field.clear();
  for (const auto& [name, position, words] : in.value.entries) {
    const std::string owner = "label " + describe(text_scalar(name));
    if (!is_trimmed_line(name)) {
      fail_config(position, in.row.key, "expected a name without blanks around it, found " + owner);
    }
    LabelOptions label{.name = name, .words = {}};
    if (words.is_sequence() && !words.items.empty()) {
      for (const auto& word : words.items) label.words.push_back(read_word(in, word, owner, seen));
    } else if (words.is_scalar()) {
      label.words.push_back(read_word(in, words, owner, seen));
    } else {
      in.fail(words, "a word or a list of words");
    }
    field.push_back(std::move(label));
  }
}

void read(const Reading& in, std::vector<std::uint64_t>& field) {
  field.clear();
  if (in.value.is_scalar()) {
    const auto count = parse_integer<std::uint64_t>(in.value);
    if (!count || *count == 0 || *count > kMaxSeedCount) in.fail();
    for (std::uint64_t seed = 1; seed <= *count; ++seed) field.push_back(seed);
    return;
  }
  if (!in.value.is_sequence() || in.value.items.empty()) in.fail();
  std::set<std::uint64_t> seen;
  for (const auto& item : in.value.items) {
    const auto seed = parse_integer<std::uint64_t>(item);
    if (!seed) in.fail(item, "a seed from 0 to 18446744073709551615");
    if (!seen.insert(*seed).second) {
      fail_config(item.position, in.row.key, "seed " + item.text + " is there twice");
    }
    field.push_back(*seed);
  }
}

}  // namespace

void read_field(const SchemaRow& row, const ConfigNode& value, ConfigFields& fields) {
  const Reading in{row, value};
  std::visit(
      [&](auto field) {
        using Field = decltype(field);
        if constexpr (std::is_same_v<Field, TextField>) {
          read_text(in, field);
        } else if constexpr (std::is_same_v<Field, TemplateField>) {
          read_template(in, field);
        } else if constexpr (std::is_same_v<Field, TextListField>) {
          read_text_list(in, field);
        } else if constexpr (std::is_same_v<Field, OptionalReal>) {
          read_optional(in, field);
        } else if constexpr (!std::is_same_v<Field, SweepField>) {
          read(in, *field);
        }
      },
      row.field(fields));
}

}  // namespace bbprompt
