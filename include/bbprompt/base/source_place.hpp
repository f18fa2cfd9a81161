#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

// Where a person wrote a value. Lines and columns (in characters) count from 1; 0 means unknown, as
// for values from the command line, whose `file` is the option itself. Null file: nobody knows.
struct SourcePlace {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  [[nodiscard]] bool operator==(const SourcePlace& other) const = default;
};

// Where the keys of a configuration were written, kept for errors that turn up long after it was
// read. Options carry it as a shared pointer: trials of one configuration share one.
class KeyPlaces {
 public:
  void add(std::string key, SourcePlace place) {
    places_.emplace_back(std::move(key), std::move(place));
  }

  // The place of a dotted key, or of the innermost section around it that was written; an empty
  // file and line 0 where none was. The location's key is `key` in either case.
  [[nodiscard]] ConfigLocation find(std::string_view key) const;

  [[nodiscard]] bool operator==(const KeyPlaces& other) const = default;

 private:
  std::vector<std::pair<std::string, SourcePlace>> places_;
};

// A setting of an options struct is wrong. Thrown by parts that know no configuration file: `key`
// is the dotted key as a configuration has it. Whoever knows the file makes it a ConfigError.
class SettingError : public Error {
 public:
  SettingError(std::string key, const std::string& message)
      : Error(std::string(key).append(": ").append(message)),
        key_(std::move(key)),
        message_(message) {}
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] const std::string& message() const { return message_; }  // without the key

 private:
  std::string key_;
  std::string message_;
};

}  // namespace bbprompt
