#include "text/model_files.hpp"

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

std::optional<JsonNode> JsonNode::find(const std::string& name) const {
  const auto& object = members();
  const auto member = object.find(name);
  if (member == object.end() || member->second.is_null()) return std::nullopt;
  return child(member->second, name);
}

JsonNode JsonNode::at(const std::string& name) const {
  auto member = find(name);
  if (!member) fail("an object with \"" + name + "\"", "none");
  return *member;
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!value_->is_array()) fail("an array");
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.push_back(child((*value_)[i], std::to_string(i)));
  }
  return nodes;
}

const nlohmann::json::object_t& JsonNode::members() const {
  if (!value_->is_object()) fail("an object");
  return value_->get_ref<const nlohmann::json::object_t&>();
}

const std::string& JsonNode::string() const {
  if (!value_->is_string()) fail("a string");
  return value_->get_ref<const std::string&>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) fail("true or false");
  return value_->get<bool>();
}

std::int64_t JsonNode::integer() const {
  if (!value_->is_number_integer()) fail("an integer");
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT64_MAX) {
    fail("an integer of 64 bits", value_->dump());
  }
  return value_->get<std::int64_t>();
}

bool JsonNode::boolean_or(const std::string& name, bool fallback) const {
  const auto member = find(name);
  return member ? member->boolean() : fallback;
}

void JsonNode::fail(const std::string& expected, const std::string& found) const {
  const std::string where = place_.empty() ? "" : place_ + ": ";
  throw ModelError(file_, where + "expected " + expected + ", found " + found);
}

JsonNode JsonNode::child(const nlohmann::json& value, const std::string& step) const {
  const std::string shown = printable(step);
  return {value, file_, place_.empty() ? shown : place_ + "." + shown};
}

bool ModelFiles::has(std::string_view name) const {
  std::error_code ignored;
  return std::filesystem::exists(folder_ / name, ignored);
}

std::string ModelFiles::read(std::string_view name) {
  const std::filesystem::path file = folder_ / name;
  std::string contents;
  try {
    contents = read_file(file);
  } catch (const StoreError& error) {
    throw ModelError(file.string(), std::string(error.what()).substr(error.file().size() + 2));
  }
  hash_.update(std::string(name) + '\n' + std::to_string(contents.size()) + '\n');
  hash_.update(contents);
  return contents;
}

nlohmann::json ModelFiles::read_json(std::string_view name) {
  const std::string contents = read(name);
  try {
    return parse_json(contents);
  } catch (const Error& error) {
    throw ModelError(path(name), error.what());
  }
}

}  // namespace bbprompt
