#include "bbprompt/base/json.hpp"

#include <set>
#include <vector>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

// Looks at a document without building it: depth and repeated names. nlohmann's own tree keeps the
// last of two equal names and would hide the damage.
class StructureCheck : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit StructureCheck(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second)
      throw Error("name \"" + printable(name) + "\" occurs twice in an object");
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& problem) override {
    std::string reason = problem.what();
    if (const auto bracket = reason.find("] "); bracket != std::string::npos)
      reason.erase(0, bracket + 2);
    throw Error("not valid JSON at byte " + std::to_string(position) + ": " +
                printable(reason, 200));
  }

 private:
  bool enter() {
    names_.emplace_back();
    if (static_cast<int>(names_.size()) > limits_.max_depth) {
      throw Error("JSON nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    return true;
  }
  bool leave() {
    names_.pop_back();
    return true;
  }

  JsonLimits limits_;
  std::vector<std::set<std::string>> names_;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw Error("expected JSON, found nothing (" + std::to_string(text.size()) + " bytes)");
  }
  if (const auto offset = find_invalid_utf8(text)) {
    throw Error("not valid UTF-8 at byte " + std::to_string(*offset));
  }
  StructureCheck check(limits);
  nlohmann::json::sax_parse(text, &check);
  return nlohmann::json::parse(text);
}

nlohmann::json parse_json_file(const std::filesystem::path& path, const JsonLimits& limits) {
  try {
    return parse_json(read_file(path), limits);
  } catch (const StoreError& error) {
    throw ModelError(path.string(), std::string(error.what()).substr(error.file().size() + 2));
  } catch (const Error& error) {
    throw ModelError(path.string(), error.what());
  }
}

std::string json_kind(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::null:
      return "null";
    case nlohmann::json::value_t::boolean:
      return "a boolean";
    case nlohmann::json::value_t::string:
      return "a string";
    case nlohmann::json::value_t::array:
      return "an array";
    case nlohmann::json::value_t::object:
      return "an object";
    case nlohmann::json::value_t::number_float:
      return "a fraction";
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
      return "an integer";
    default:
      return "something else";
  }
}

}  // namespace bbprompt
