#pragma once

#include <string>

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

// Shortest decimal text that reads back as the same number.
[[nodiscard]] std::string shortest(double value);

}  // namespace bbprompt
