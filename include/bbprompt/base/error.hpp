#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bbprompt {

// Base of every exception this project throws. Classes say what a person can do about it; messages
// say what was expected, what was found, where, and what to try.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line is wrong. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

// A place in a configuration file. Lines and columns count from 1; 0 means unknown.
struct ConfigLocation {
  std::string file;
  int line = 0;
  int column = 0;
  std::string key;  // dotted path, e.g. "optimizer.sigma"
};

// The configuration is wrong; reads "file:line:column: key: message". Exit code 2.
class ConfigError : public Error {
 public:
  ConfigError(const ConfigLocation& location, const std::string& message);
  [[nodiscard]] const ConfigLocation& location() const { return location_; }

 private:
  ConfigLocation location_;
};

// A dataset is wrong; reads "file:row N: message", or "file: message" where row is 0.
class DataError : public Error {
 public:
  DataError(const std::string& file, std::int64_t row, const std::string& message);
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::int64_t row() const { return row_; }

 private:
  std::string file_;
  std::int64_t row_;
};

// A model folder (config, weights, tokenizer) is wrong, or a model cannot do what is asked; reads
// "file: message".
class ModelError : public Error {
 public:
  ModelError(const std::string& file, const std::string& message);
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
};

// A file of the run (checkpoint, results, log, status) cannot be read or written; reads
// "file: message".
class StoreError : public Error {
 public:
  StoreError(const std::string& file, const std::string& message);
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
};

// A model that cannot be asked any more, whatever is asked: a server is gone, a key or an account
// is refused. The run stops with checkpoints.
class ModelLostError : public Error {
 public:
  using Error::Error;
};

// Ranks cannot talk to each other, or said something that breaks the protocol.
class CommError : public Error {
 public:
  using Error::Error;
};

}  // namespace bbprompt
