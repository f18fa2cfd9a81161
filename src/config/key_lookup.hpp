#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "bbprompt/config/config_node.hpp"
#include "config/schema.hpp"

namespace bbprompt {

[[nodiscard]] ConfigNode empty_mapping(const ConfigPosition& at);

// Throws ConfigError for a key that is not in the schema, naming the nearest one that is.
void require_known_key(std::string_view key, const ConfigPosition& at);

// Throws ConfigError unless every key under `prefix` is known, and sections hold mappings.
void check_keys(const ConfigNode& section, std::string_view prefix = {});

// Throws ConfigError unless every value that is present suits its key.
void check_values(const ConfigNode& root);

// The value of a dotted key; null where there is none.
[[nodiscard]] const ConfigNode* find_value(const ConfigNode& root, std::string_view key);

// Position of a dotted key's value, else of the innermost section around it that is there.
[[nodiscard]] ConfigPosition locate(const ConfigNode& root, std::string_view key);

// Reads the key `prefix`, or those under it, into fields, defaults where absent. Throws ConfigError
// for a required one that is absent.
void read_section(const ConfigNode& root, std::string_view prefix, ConfigFields& fields);

// Puts a value at a dotted key, making the sections on the way. The key must be known.
void put_value(ConfigNode& root, std::string_view key, ConfigNode value, const ConfigPosition& at);

// Where the keys of these sections and what is in them were written.
[[nodiscard]] std::shared_ptr<const KeyPlaces> places_of(
    const ConfigNode& root, std::initializer_list<std::string_view> sections);

}  // namespace bbprompt
