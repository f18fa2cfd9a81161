#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/store/results_file.hpp"
#include "store/h5_group.hpp"

namespace bbprompt {

// The enum's value of which the attribute holds the name. Throws StoreError for other texts.
template <NamedEnum Enum>
[[nodiscard]] Enum read_word(const H5Group& group, const std::string& name) {
  std::string found;
  group.read_attribute(name, found);
  const auto value = from_string<Enum>(found);
  if (!value) {
    h5_refuse(group.place(name),
              "expected one of " + listed_names<Enum>() + ", found \"" + printable(found) + "\"");
  }
  return *value;
}

// Archive of record_schema.hpp that reads an HDF5 group. Checks presence, types and shapes; what
// the values mean is checked in record_check.hpp. Details are read with the whole record alone,
// and else stay as they are.
class RecordReader {
 public:
  explicit RecordReader(const H5Group& group, RecordDetail detail = RecordDetail::kWhole)
      : group_(group), detail_(detail) {}

  template <typename T>
  void attribute(const std::string& name, T& value) {
    group_.read_attribute(name, value);
  }
  void attribute(const std::string& name, int& value) {
    std::int64_t wide = 0;
    group_.read_attribute(name, wide);
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      h5_refuse(group_.place(name), "out of range: " + std::to_string(wide));
    }
    value = static_cast<int>(wide);
  }
  template <NamedEnum Enum>
  void word(const std::string& name, Enum& value) {
    value = read_word<Enum>(group_, name);
  }
  template <typename T>
  void later_attribute(const std::string& name, T& value) {
    if (group_.has_attribute(name)) attribute(name, value);
  }
  void charge_attribute(const std::string& name, std::int64_t& value) {
    later_attribute(name, value);
  }
  void text(const std::string& name, std::string& value) { value = group_.read_text(name); }
  void later_text(const std::string& name, std::string& value) {
    const auto names = group_.child_names();
    if (std::binary_search(names.begin(), names.end(), name)) text(name, value);
  }
  void texts(const std::string& name, std::vector<std::string>& values) {
    values = group_.read_texts(name);
  }

  template <typename T>
  void numbers(const std::string& name, std::vector<T>& values) {
    const auto numbers = group_.open_numbers(name, kH5Number<T>, 1);
    values.resize(numbers.count);
    group_.read_numbers(name, numbers, values.data());
  }
  void numbers(const std::string& name, Eigen::VectorXd& values) {
    const auto numbers = group_.open_numbers(name, H5Number::kDouble, 1);
    values.resize(static_cast<Eigen::Index>(numbers.count));
    group_.read_numbers(name, numbers, values.data());
  }

  template <typename Matrix>
  void matrix(const std::string& name, Matrix& values) {
    using Scalar = typename Matrix::Scalar;
    const auto numbers = group_.open_numbers(name, kH5Number<Scalar>, 2);
    Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows(
        static_cast<Eigen::Index>(numbers.shape[0]), static_cast<Eigen::Index>(numbers.shape[1]));
    group_.read_numbers(name, numbers, rows.data());
    values = rows;
  }

  template <typename Matrix>
  void extra_matrix(const std::string& name, Matrix& values) {
    const auto names = group_.child_names();
    if (std::binary_search(names.begin(), names.end(), name)) matrix(name, values);
  }

  template <typename Walk>
  void group(const std::string& name, const Walk& walk) {
    const H5Group child = group_.open_group(name);
    RecordReader archive(child, detail_);
    walk(archive);
  }
  template <typename Walk>
  void optional(const std::string& name, std::size_t /*count*/, const Walk& walk) {
    const auto names = group_.child_names();
    if (std::binary_search(names.begin(), names.end(), name)) group(name, walk);
  }
  template <typename Walk>
  void untracked(const std::string& name, const Walk& walk) {
    group(name, walk);
  }

  template <typename Walk>
  void details(const Walk& walk) {
    if (detail_ == RecordDetail::kWhole) walk(*this);
  }

  // Rows are bounded by the column's bytes, which the file holds.
  template <typename Row>
  void num_rows(std::vector<Row>& rows, const std::string& name) {
    rows.resize(group_.num_numbers(name));
  }
  template <typename Row, typename Get>
  void column(const std::string& name, std::vector<Row>& rows, const Get& get) {
    std::vector<std::remove_cvref_t<std::invoke_result_t<const Get&, Row&>>> values;
    numbers(name, values);
    if (values.size() != rows.size()) {
      h5_refuse(group_.place(name), "expected " + std::to_string(rows.size()) +
                                        " rows like the first column, found " +
                                        std::to_string(values.size()));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) std::invoke(get, rows[i]) = values[i];
  }

  template <typename T, typename Walk>
  void entries(const std::string& name, std::map<std::string, T>& values, const Walk& walk) {
    each_child(name, [&](RecordReader& parent, const std::string& key) {
      T& value = values[key];
      parent.group(key, [&](RecordReader& archive) { walk(archive, value); });
    });
  }
  template <typename T>
  void arrays(const std::string& name, std::map<std::string, std::vector<T>>& values) {
    each_child(name, [&](RecordReader& parent, const std::string& key) {
      parent.numbers(key, values[key]);
    });
  }
  void arrays(const std::string& name, std::map<std::string, Eigen::MatrixXd>& values) {
    each_child(name, [&](RecordReader& parent, const std::string& key) {
      parent.matrix(key, values[key]);
    });
  }
  void scalars(const std::string& name, std::map<std::string, std::int64_t>& values) {
    each_child(name, [&](RecordReader& parent, const std::string& key) {
      const auto numbers = parent.group_.open_numbers(key, H5Number::kInt64, 0);
      parent.group_.read_numbers(key, numbers, &values[key]);
    });
  }

 private:
  template <typename Visit>
  void each_child(const std::string& name, const Visit& visit) {
    group(name, [&](RecordReader& parent) {
      for (const std::string& key : parent.group_.child_names()) visit(parent, key);
    });
  }

  const H5Group& group_;
  RecordDetail detail_;
};

}  // namespace bbprompt
