#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bbprompt/config/config_node.hpp"
#include "config/schema.hpp"

namespace bbprompt {

// Puts a value into its field. Throws ConfigError "KEY: expected ..., found ...".
void read_field(const SchemaRow& row, const ConfigNode& value, ConfigFields& fields);

// The value a field holds, in canonical form; read_field gives the same field back.
[[nodiscard]] ConfigNode write_field(const SchemaRow& row, const ConfigFields& fields);

// A scalar that is text, whatever it looks like, and one that is not (number, boolean, choice).
[[nodiscard]] ConfigNode text_scalar(std::string text);
[[nodiscard]] ConfigNode plain_scalar(std::string text);

// Where a line of a document stands.
struct YamlPlace {
  std::string_view key;    // the last part of it
  std::size_t indent = 0;  // of its line
};

// Appends a key and its value as write_yaml writes them.
void append_yaml(const YamlPlace& place, const ConfigNode& value, std::string& yaml);

// Shortest decimal text that reads back as the same number.
[[nodiscard]] std::string shortest(double value);

}  // namespace bbprompt
