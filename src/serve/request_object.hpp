#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "serve/request_error.hpp"

namespace bbprompt {

// An object of a request, whose keys are all known. Each function throws RequestError (400) that
// says what was expected for which key. null stands for a key that is absent.
class RequestObject {
 public:
  // `where`: before the key in messages ("inputs[0].").
  RequestObject(const nlohmann::json& value, std::span<const std::string> known,
                std::string where = {});

  // Null where absent.
  [[nodiscard]] const nlohmann::json* find(std::string_view key) const;
  [[nodiscard]] const nlohmann::json& at(std::string_view key, const char* expected) const;

  struct Range {
    int least = 0;
    int most = 0;
  };
  [[nodiscard]] int integer(std::string_view key, int otherwise, const Range& range) const;
  [[nodiscard]] double number(std::string_view key, double otherwise, const Range& range) const;
  [[nodiscard]] bool flag(std::string_view key) const;  // false where absent
  [[nodiscard]] std::string text(std::string_view key, const char* expected) const;

  [[nodiscard]] std::string path(std::string_view key) const { return where_ + std::string(key); }
  [[noreturn]] void fail(std::string_view key, const std::string& expected,
                         const nlohmann::json& found) const;

 private:
  const nlohmann::json& value_;
  std::string where_;
};

// "a list of 3", "a string", "12": what was found, for messages.
[[nodiscard]] std::string describe(const nlohmann::json& value);

// The id of a token below `vocabulary_size`.
[[nodiscard]] TokenId read_id(const nlohmann::json& value, int vocabulary_size,
                              const std::string& param);
// At least one.
[[nodiscard]] std::vector<TokenId> read_ids(const nlohmann::json& value, int vocabulary_size,
                                            const std::string& param);

// The body of a request, as JSON.
[[nodiscard]] nlohmann::json parse_body(const std::string& body);

}  // namespace bbprompt
