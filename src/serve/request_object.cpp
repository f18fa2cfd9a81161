#include "serve/request_object.hpp"

#include <algorithm>
#include <limits>

#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

constexpr int kMaxDepth = 16;

bool is_integer_within(const nlohmann::json& value, std::int64_t least, std::int64_t most) {
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    return false;
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  return number >= least && number <= most;
}

}  // namespace

std::string describe(const nlohmann::json& value) {
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (value.is_string()) return "\"" + printable(value.get_ref<const std::string&>()) + "\"";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  return json_kind(value);
}

RequestObject::RequestObject(const nlohmann::json& value, std::span<const std::string> known,
                             std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value.is_object())
    throw RequestError(where_, where_ + ": expected an object, found " + describe(value));
  for (const auto& [key, unused] : value.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw RequestError(path(printable(key)), path(printable(key)) + ": unknown key" +
                                                 suggestion(key, known) + "; expected some of " +
                                                 quoted_list(known));
  }
}

const nlohmann::json* RequestObject::find(std::string_view key) const {
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& RequestObject::at(std::string_view key, const char* expected) const {
  if (const auto* found = find(key)) return *found;
  fail(key, expected, nullptr);
}

void RequestObject::fail(std::string_view key, const std::string& expected,
                         const nlohmann::json& found) const {
  throw RequestError(path(key), path(key) + ": expected " + expected + ", found " +
                                    (found.is_null() ? "none" : describe(found)));
}

int RequestObject::integer(std::string_view key, int otherwise, const Range& range) const {
  const auto* found = find(key);
  if (found == nullptr) return otherwise;
  if (!is_integer_within(*found, range.least, range.most)) {
    fail(key,
         "an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most),
         *found);
  }
  return found->get<int>();
}

double RequestObject::number(std::string_view key, double otherwise, const Range& range) const {
  const auto* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_number() || found->get<double>() < range.least ||
      found->get<double>() > range.most) {
    fail(key, "a number from " + std::to_string(range.least) + " to " + std::to_string(range.most),
         *found);
  }
  return found->get<double>();
}

bool RequestObject::flag(std::string_view key) const {
  const auto* found = find(key);
  if (found == nullptr) return false;
  if (!found->is_boolean()) fail(key, "true or false", *found);
  return found->get<bool>();
}

std::string RequestObject::text(std::string_view key, const char* expected) const {
  const nlohmann::json& found = at(key, expected);
  if (!found.is_string()) fail(key, expected, found);
  return found.get<std::string>();
}

TokenId read_id(const nlohmann::json& value, int vocabulary_size, const std::string& param) {
  if (!is_integer_within(value, 0, vocabulary_size - 1)) {
    throw RequestError(param, param + ": expected token ids from 0 to " +
                                  std::to_string(vocabulary_size - 1) + ", found " +
                                  describe(value));
  }
  return value.get<TokenId>();
}

std::vector<TokenId> read_ids(const nlohmann::json& value, int vocabulary_size,
                              const std::string& param) {
  if (!value.is_array() || value.empty()) {
    throw RequestError(
        param, param + ": expected a list of at least one token id, found " + describe(value));
  }
  std::vector<TokenId> ids;
  ids.reserve(value.size());
  for (const auto& id : value) ids.push_back(read_id(id, vocabulary_size, param));
  return ids;
}

nlohmann::json parse_body(const std::string& body) {
  try {
    return parse_json(body, {.max_depth = kMaxDepth});
  } catch (const Error& error) {
    throw RequestError(
        Refusal{.message = std::string("body: ") + error.what(), .code = "invalid_json"});
  }
}

}  // namespace bbprompt
