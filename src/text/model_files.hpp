#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/json.hpp"
#include "bbprompt/base/sha256.hpp"

namespace bbprompt {

// A place in a JSON document, whose errors name file and place ("model.vocab"). Null counts as
// absent. Views the document.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string file, std::string place)
      : value_(&value), file_(std::move(file)), place_(std::move(place)) {}

  // Member `name`, nothing if absent. Throws ModelError if this is no object.
  [[nodiscard]] std::optional<JsonNode> find(const std::string& name) const;
  // The same, throwing if absent.
  [[nodiscard]] JsonNode at(const std::string& name) const;
  // Elements of an array.
  [[nodiscard]] std::vector<JsonNode> elements() const;
  // Members of an object, which this must be.
  [[nodiscard]] const nlohmann::json::object_t& members() const;

  [[nodiscard]] const std::string& string() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] bool is_string() const { return value_->is_string(); }
  [[nodiscard]] bool is_object() const { return value_->is_object(); }
  [[nodiscard]] bool is_array() const { return value_->is_array(); }

  [[nodiscard]] bool boolean_or(const std::string& name, bool fallback) const;
  // Member "type" of a tokenizer component; throws if absent.
  [[nodiscard]] const std::string& type() const { return at("type").string(); }

  // Throws ModelError "PLACE: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(const std::string& expected, const std::string& found) const;
  // The same, naming the kind of value found.
  [[noreturn]] void fail(const std::string& expected) const { fail(expected, json_kind(*value_)); }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  [[nodiscard]] JsonNode child(const nlohmann::json& value, const std::string& step) const;

  const nlohmann::json* value_;
  std::string file_;
  std::string place_;
};

// The files of a model folder, and the hash of those read. Each is to be read once.
class ModelFiles {
 public:
  explicit ModelFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string folder() const { return folder_.string(); }

  // Whole contents; throws ModelError if it cannot be read.
  [[nodiscard]] std::string read(std::string_view name);
  [[nodiscard]] nlohmann::json read_json(std::string_view name);

  // SHA-256 over names, lengths and contents of the files read, in the order of reading.
  [[nodiscard]] std::string fingerprint() { return hash_.hex_digest(); }

 private:
  std::filesystem::path folder_;
  Sha256 hash_;
};

}  // namespace bbprompt
