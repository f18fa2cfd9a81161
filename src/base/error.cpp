#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

std::string config_message(const ConfigLocation& at, const std::string& message) {
  std::string text = at.file;
  if (at.line > 0) text += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  if (!text.empty()) text += ": ";
  if (!at.key.empty()) text += at.key + ": ";
  return text + message;
}

std::string data_message(const std::string& file, std::int64_t row, const std::string& message) {
  return row > 0 ? file + ":row " + std::to_string(row) + ": " + message : file + ": " + message;
}

}  // namespace

ConfigError::ConfigError(const ConfigLocation& location, const std::string& message)
    : Error(config_message(location, message)), location_(location) {}

DataError::DataError(const std::string& file, std::int64_t row, const std::string& message)
    : Error(data_message(file, row, message)), file_(file), row_(row) {}

ModelError::ModelError(const std::string& file, const std::string& message)
    : Error(file + ": " + message), file_(file) {}

StoreError::StoreError(const std::string& file, const std::string& message)
    : Error(file + ": " + message), file_(file) {}

}  // namespace bbprompt
