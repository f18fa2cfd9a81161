#include <array>
#include <charconv>
#include <type_traits>

#include "config/field_io.hpp"

namespace bbprompt {
namespace {

ConfigNode sequence(std::vector<ConfigNode> items) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kSequence;
  node.items = std::move(items);
  return node;
}

ConfigNode words_node(const std::vector<std::string>& words) {
  std::vector<ConfigNode> items;
  items.reserve(words.size());
  for (const auto& word : words) items.push_back(text_scalar(word));
  return sequence(std::move(items));
}

template <typename T>
requires std::is_integral_v<T> ConfigNode write(const SchemaRow& /*row*/, T value) {
  return plain_scalar(std::to_string(value));
}

ConfigNode write(const SchemaRow& /*row*/, bool value) {
  return plain_scalar(value ? "true" : "false");
}

ConfigNode write(const SchemaRow& /*row*/, double value) { return plain_scalar(shortest(value)); }

template <typename T>
requires std::is_enum_v<T> ConfigNode write(const SchemaRow& row, T value) {
  return plain_scalar(std::string(row.choices.at(static_cast<std::size_t>(value))));
}

ConfigNode write(const SchemaRow& /*row*/, const std::string& value) { return text_scalar(value); }

ConfigNode write(const SchemaRow& /*row*/, const std::filesystem::path& value) {
  return text_scalar(value.string());
}

ConfigNode write(const SchemaRow& /*row*/, const std::vector<std::string>& words) {
  return words_node(words);
}

ConfigNode write(const SchemaRow& /*row*/, const std::vector<LabelOptions>& labels) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kMapping;
  for (const auto& label : labels) {
    const bool is_single = label.words.size() == 1;
    node.entries.push_back(
        {label.name, {}, is_single ? text_scalar(label.words.front()) : words_node(label.words)});
  }
  return node;
}

ConfigNode write(const TemplateField& field) {
  if (field.causal->empty()) return text_scalar(*field.text);
  ConfigNode node;
  node.kind = ConfigNode::Kind::kMapping;
  node.entries.push_back({std::string(kMaskedTemplate), {}, text_scalar(*field.text)});
  node.entries.push_back({std::string(kCausalTemplate), {}, text_scalar(*field.causal)});
  return node;
}

ConfigNode write(const SchemaRow& /*row*/, const std::vector<std::uint64_t>& seeds) {
  std::vector<ConfigNode> items;
  items.reserve(seeds.size());
  for (const auto seed : seeds) items.push_back(plain_scalar(std::to_string(seed)));
  return sequence(std::move(items));
}

ConfigNode scalar(std::string text) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.text = std::move(text);
  return node;
}

}  // namespace

ConfigNode text_scalar(std::string text) {
  ConfigNode node = scalar(std::move(text));
  node.is_text = true;
  return node;
}

ConfigNode plain_scalar(std::string text) { return scalar(std::move(text)); }

std::string shortest(double value) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

ConfigNode write_field(const SchemaRow& row, const ConfigFields& fields) {
  // Rows give access for reading and writing alike; nothing is written here.
  auto& source = const_cast<ConfigFields&>(fields);
  return std::visit(
      [&](auto field) -> ConfigNode {
        using Field = decltype(field);
        if constexpr (std::is_same_v<Field, TextField>) {
          return write(row, *field.value);
        } else if constexpr (std::is_same_v<Field, TemplateField>) {
          return write(field);
        } else if constexpr (std::is_same_v<Field, TextListField>) {
          return words_node(*field.value);
        } else if constexpr (std::is_same_v<Field, OptionalReal>) {
          return *field.is_set ? write(row, *field.value) : plain_scalar("none");
        } else if constexpr (std::is_same_v<Field, SweepField>) {
          ConfigNode empty;
          empty.kind = field.is_list ? ConfigNode::Kind::kSequence : ConfigNode::Kind::kMapping;
          return empty;
        } else {
          return write(row, *field);
        }
      },
      row.field(source));
}

}  // namespace bbprompt
