#include "query/error_body.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxCharacters = 200;
constexpr std::size_t kMaxRead = 64UL << 10;  // of a body, for its text

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string without_key(std::string_view text, std::string_view key) {
  std::string result(text);
  if (key.empty()) return result;
  for (std::size_t at = 0; (at = result.find(key, at)) != std::string::npos; at += 3) {
    result.replace(at, key.size(), "***");
  }
  return result;
}

bool opens_tag(std::string_view text, std::size_t at) {
  if (text[at] != '<' || at + 1 == text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return std::isalpha(next) != 0 || next == '/' || next == '!';
}

// Where the markup that begins at `at` ends: a tag, or a whole script or style sheet.
std::size_t after_markup(std::string_view text, std::size_t at) {
  const std::string start = lower(text.substr(at, 8));
  for (const std::string_view name : {"script", "style"}) {
    if (!std::string_view(start).substr(1).starts_with(name)) continue;
    const auto end = lower(text.substr(at)).find("</" + std::string(name));
    if (end != std::string::npos) at += end;
  }
  const auto end = text.find('>', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

std::string shortened(std::string text) {
  std::size_t num_characters = 0;
  std::size_t cut = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    if (num_characters == kMaxCharacters - 3) cut = i;
    if (++num_characters > kMaxCharacters) return text.substr(0, cut) + "...";
  }
  return text;
}

// The first number after one of the phrases; text in lower case.
template <std::size_t count>
std::optional<std::int64_t> number_after(std::string_view text,
                                         const std::array<std::string_view, count>& phrases) {
  for (const std::string_view phrase : phrases) {
    const auto at = text.find(phrase);
    if (at == std::string_view::npos) continue;
    const char* end = text.data() + text.size();
    std::int64_t number = 0;
    if (std::from_chars(text.data() + at + phrase.size(), end, number).ec == std::errc{}) {
      return number;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> tokens_asked(const std::string& text) {
  constexpr std::array<std::string_view, 2> kInputs = {"given: ", "passed "};
  constexpr std::array<std::string_view, 10> kAsked = {
      "you requested ",      "resulted in ",     "requested tokens (",
      "request has ",        "prompt contains ", "length ",
      "prompt (length ",     "the request (",    "input length (",
      "prompt is too long: "};
  if (const auto inputs = number_after(text, kInputs)) {
    const auto more = number_after<1>(text, {"`inputs` tokens and "});
    return *inputs + more.value_or(0);
  }
  return number_after(text, kAsked);
}

std::optional<std::int64_t> tokens_allowed(const std::string& text) {
  constexpr std::array<std::string_view, 9> kAllowed = {
      "maximum context length is ", "context length is only ",
      "maximum model length of ",   "must be <= ",
      "context window of ",         "available context size (",
      "context size of ",           "maximum context length of ",
      "maximum allowed length ("};
  return number_after(text, kAllowed);
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string()
                         : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string member_text(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string() : text_of(*found);
}

// FastAPI's list of what does not fit: where, and why.
std::string detail_text(const nlohmann::json& list) {
  std::string text;
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    std::string place;
    if (const auto parts = item.find("loc"); parts != item.end() && parts->is_array()) {
      for (const auto& part : *parts) place += (place.empty() ? "" : ".") + text_of(part);
    }
    text += (text.empty() ? "" : "; ") + place + ": " + member_text(item, "msg");
  }
  return text.empty() ? text_of(list) : text;
}

void take_numbers(const nlohmann::json& object, ServerError& error) {
  const auto integer = [&object](const char* name) -> std::optional<std::int64_t> {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  if (const auto asked = integer("n_prompt_tokens")) error.tokens_asked = asked;
  if (const auto allowed = integer("n_ctx")) error.tokens_allowed = allowed;
  for (const char* name : {"status", "code"}) {
    if (const auto status = integer(name); status && *status >= 100 && *status < 600) {
      error.status = static_cast<int>(*status);
    }
  }
}

// An error with its text as it came.
ServerError raw_error(const nlohmann::json& body, int depth) {
  ServerError error;
  if (body.is_string()) {
    const auto text = body.get<std::string>();
    if (depth > 0 && text.starts_with('{')) {
      try {
        return raw_error(parse_json(text), depth - 1);
      } catch (const Error&) {  // then it is a text
      }
    }
    return {.message = text};
  }
  if (!body.is_object()) return {.message = detail_text(body)};
  for (const char* name : {"error", "detail"}) {
    const auto inner = body.find(name);
    if (inner == body.end() || inner->is_null() || depth == 0) continue;
    error = raw_error(*inner, depth - 1);
    if (error.type.empty()) error.type = member_text(body, "error_type");
    if (error.message.empty()) error.message = member_text(body, "message");
    return error;
  }
  error.message = member_text(body, "message");
  error.type = member_text(body, "type");
  error.code = member_text(body, "code");
  take_numbers(body, error);
  if (error.message.empty()) error.message = text_of(body);
  return error;
}

ServerError finished(ServerError error, std::string_view key) {
  const std::string text = lower(error.message);
  if (!error.tokens_asked) error.tokens_asked = tokens_asked(text);
  if (!error.tokens_allowed) error.tokens_allowed = tokens_allowed(text);
  error.message = plain_text(error.message, key);
  return error;
}

}  // namespace

std::string plain_text(std::string_view text, std::string_view key) {
  const std::string shown = without_key(text.substr(0, kMaxRead), key);
  std::string result;
  for (std::size_t i = 0; i < shown.size();) {
    const auto byte = static_cast<unsigned char>(shown[i]);
    const bool is_blank = byte <= ' ' || byte == 0x7f;
    if (const bool is_markup = opens_tag(shown, i); is_markup || is_blank) {
      i = is_markup ? after_markup(shown, i) : i + 1;
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += shown[i++];
    }
  }
  while (result.ends_with(' ')) result.pop_back();
  while (const auto bad = find_invalid_utf8(result)) result[*bad] = '?';
  return shortened(std::move(result));
}

ServerError read_error_text(std::string_view body, std::string_view key) {
  try {
    return read_error(parse_json(body), key);
  } catch (const Error&) {
    return finished({.message = std::string(body.substr(0, kMaxRead))}, key);
  }
}

ServerError read_error(const nlohmann::json& body, std::string_view key) {
  return finished(raw_error(body, 3), key);
}

bool is_error_object(const nlohmann::json& body) {
  if (!body.is_object()) return false;
  if (const auto error = body.find("error"); error != body.end()) {
    return error->is_object() || (error->is_string() && !error->get<std::string>().empty());
  }
  const auto object = body.find("object");
  return object != body.end() && *object == "error";
}

int status_of(const ServerError& error) {
  if (error.status != 0) return error.status;
  int number = 0;
  const char* end = error.code.data() + error.code.size();
  if (std::from_chars(error.code.data(), end, number).ptr == end && number >= 100 && number < 600) {
    return number;
  }
  if (is_out_of_quota(error)) return 429;
  if (is_too_long(error)) return 400;
  constexpr std::array<std::pair<std::string_view, int>, 12> kWords = {{{"rate_limit", 429},
                                                                        {"too_many", 429},
                                                                        {"overloaded", 503},
                                                                        {"unavailable", 503},
                                                                        {"not_found", 404},
                                                                        {"authentication", 401},
                                                                        {"invalid_api_key", 401},
                                                                        {"permission", 403},
                                                                        {"invalid", 400},
                                                                        {"badrequest", 400},
                                                                        {"content_filter", 400},
                                                                        {"validation", 422}}};
  for (const std::string& name : {lower(error.code), lower(error.type)}) {
    for (const auto& [word, status] : kWords) {
      if (has(name, word)) return status;
    }
  }
  return 0;
}

bool is_out_of_quota(const ServerError& error) {
  const std::string names = lower(error.code) + " " + lower(error.type);
  const std::string text = lower(error.message);
  return has(names, "insufficient_quota") || has(names, "billing") ||
         has(names, "insufficient_balance") || has(text, "exceeded your current quota") ||
         has(text, "insufficient balance") || has(text, "credit balance is too low");
}

bool is_too_long(const ServerError& error) {
  const std::string names = lower(error.code) + " " + lower(error.type);
  const std::string text = lower(error.message);
  return has(names, "context_length") || has(names, "exceed_context") ||
         has(text, "context length") || has(text, "context size") || has(text, "context window") ||
         has(text, "maximum model length") || (has(text, "`inputs`") && has(text, "must be <="));
}

}  // namespace bbprompt
