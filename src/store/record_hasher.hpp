#pragma once

#include <Eigen/Core>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/base/sha256.hpp"

namespace bbprompt {

// Archive of record_schema.hpp that feeds SHA-256. Each field is a tag byte, its name, and its
// value, every name, string and array with its length in front, so that no two records share a
// serialisation; numbers are little-endian, floating-point ones their bit patterns with one NaN.
class RecordHasher {
 public:
  void attribute(const std::string& name, const std::string& value) { string('s', name, value); }
  void attribute(const std::string& name, std::int64_t value) {
    begin('i', name);
    put(static_cast<std::uint64_t>(value));
  }
  void attribute(const std::string& name, std::uint64_t value) {
    begin('u', name);
    put(value);
  }
  void attribute(const std::string& name, double value) {
    begin('d', name);
    put(bits(value));
  }
  void later_attribute(const std::string& name, std::int64_t value) {
    if (value != 0) attribute(name, value);
  }
  void charge_attribute(const std::string& /*name*/, std::int64_t /*value*/) {}
  template <NamedEnum Enum>
  void word(const std::string& name, Enum value) {
    attribute(name, to_string(value));
  }
  void text(const std::string& name, const std::string& value) { string('s', name, value); }
  void texts(const std::string& name, const std::vector<std::string>& values) {
    begin('S', name);
    put(values.size());
    for (const std::string& value : values) put(std::string_view(value));
  }

  template <typename T>
  void numbers(const std::string& name, const std::vector<T>& values) {
    begin('v', name);
    put(values.size());
    for (const T value : values) put(bits(value));
  }
  void numbers(const std::string& name, const Eigen::VectorXd& values) {
    numbers(name, std::vector<double>(values.begin(), values.end()));
  }
  template <typename Matrix>
  void matrix(const std::string& name, const Matrix& values) {
    begin('m', name);
    put(static_cast<std::uint64_t>(values.rows()));
    put(static_cast<std::uint64_t>(values.cols()));
    for (Eigen::Index row = 0; row < values.rows(); ++row) {
      for (Eigen::Index column = 0; column < values.cols(); ++column)
        put(bits(values(row, column)));
    }
  }

  template <typename Matrix>
  void extra_matrix(const std::string& /*name*/, const Matrix& /*values*/) {}

  template <typename Walk>
  void group(const std::string& name, const Walk& walk) {
    begin('{', name);
    walk(*this);
    tag('}');
  }
  template <typename Walk>
  void details(const Walk& walk) {
    walk(*this);
  }
  template <typename Walk>
  void untracked(const std::string& /*name*/, const Walk& /*walk*/) {}

  template <typename Row>
  void num_rows(const std::vector<Row>& /*rows*/, const std::string& /*name*/) {}
  template <typename Row, typename Get>
  void column(const std::string& name, const std::vector<Row>& rows, const Get& get) {
    std::vector<std::remove_cvref_t<std::invoke_result_t<const Get&, const Row&>>> values;
    values.reserve(rows.size());
    for (const Row& row : rows) values.push_back(std::invoke(get, row));
    numbers(name, values);
  }

  template <typename T, typename Walk>
  void entries(const std::string& name, const std::map<std::string, T>& values, const Walk& walk) {
    group(name, [&](RecordHasher& parent) {
      for (const auto& entry : values) {
        parent.group(entry.first, [&](RecordHasher& archive) { walk(archive, entry.second); });
      }
    });
  }
  template <typename T>
  void arrays(const std::string& name, const std::map<std::string, std::vector<T>>& values) {
    group(name, [&](RecordHasher& parent) {
      for (const auto& entry : values) parent.numbers(entry.first, entry.second);
    });
  }

  [[nodiscard]] std::string hex_digest() { return hash_.hex_digest(); }

 private:
  static std::uint64_t bits(double value);
  static std::uint64_t bits(float value) { return bits(static_cast<double>(value)); }
  static std::uint64_t bits(std::int32_t value) { return bits(std::int64_t{value}); }
  static std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

  void tag(char symbol) { hash_.update(std::string_view(&symbol, 1)); }
  void put(std::uint64_t value);
  void put(std::string_view text);
  void begin(char symbol, const std::string& name) {
    tag(symbol);
    put(std::string_view(name));
  }
  void string(char symbol, const std::string& name, const std::string& value) {
    begin(symbol, name);
    put(std::string_view(value));
  }

  Sha256 hash_;
};

}  // namespace bbprompt
