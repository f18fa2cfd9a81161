#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bbprompt {

// Names of an enum's values, as files and tables have them. Inside the program a value is compared,
// never its name. An enum gets names by a function beside it:
//
//   [[nodiscard]] std::span<const EnumName<Colour>> enum_names(Colour);
template <typename Enum>
struct EnumName {
  Enum value;
  std::string_view name;
};

template <typename Enum>
concept NamedEnum = std::is_enum_v<Enum> && requires(Enum value) {
  { enum_names(value) } -> std::same_as<std::span<const EnumName<Enum>>>;
};

template <NamedEnum Enum>
[[nodiscard]] std::string to_string(Enum value) {
  for (const auto& known : enum_names(value)) {
    if (known.value == value) return std::string(known.name);
  }
  return {};  // no value of the enum
}

// Empty for a name that no value has.
template <NamedEnum Enum>
[[nodiscard]] std::optional<Enum> from_string(std::string_view name) {
  for (const auto& known : enum_names(Enum{})) {
    if (known.name == name) return known.value;
  }
  return std::nullopt;
}

// For messages: "running", "done", "failed", each in its quotation marks.
template <NamedEnum Enum>
[[nodiscard]] std::string listed_names() {
  std::string list;
  for (const auto& known : enum_names(Enum{})) {
    list.append(list.empty() ? "\"" : ", \"").append(known.name).append("\"");
  }
  return list;
}

}  // namespace bbprompt
