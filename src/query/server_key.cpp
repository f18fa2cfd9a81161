#include "query/server_key.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

std::string checked(std::string key, const std::string& place) {
  constexpr std::string_view kBlanks = " \t\r\n";
  key.erase(key.find_last_not_of(kBlanks) + 1);
  key.erase(0, std::min(key.find_first_not_of(kBlanks), key.size()));
  if (key.empty()) throw Error(place + ": expected a key, found nothing");
  const auto is_printable = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
  if (!std::all_of(key.begin(), key.end(), is_printable)) {
    throw Error(place + ": expected a key of printable characters without blanks, found others");
  }
  return key;
}

std::string key_in(const std::filesystem::path& file) {
  struct stat about {};
  if (stat(file.c_str(), &about) != 0) {
    throw Error("model.key_file: expected a file that holds the key, found none at " +
                file.string());
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error("model.key_file: expected a file that only you can read, but others can read " +
                file.string() + "; try chmod 600");
  }
  return checked(read_file(file), "model.key_file " + file.string());
}

}  // namespace

std::string read_key(const ServerOptions& options) {
  if (!options.key_file.empty()) return key_in(options.key_file);
  if (options.key_variable.empty()) return {};
  const char* value = std::getenv(options.key_variable.c_str());
  if (value == nullptr) {
    throw Error("model.key_variable: expected the key in the environment variable " +
                options.key_variable + ", which is not set");
  }
  return checked(value, "environment variable " + options.key_variable);
}

}  // namespace bbprompt
