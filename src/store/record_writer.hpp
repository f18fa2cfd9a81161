#pragma once

#include <Eigen/Core>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "store/h5_group.hpp"

namespace bbprompt {

// Archive of record_schema.hpp that writes into an HDF5 group.
class RecordWriter {
 public:
  explicit RecordWriter(const H5Group& group) : group_(group) {}

  template <typename T>
  void attribute(const std::string& name, const T& value) {
    group_.write_attribute(name, value);
  }
  void attribute(const std::string& name, int value) {
    group_.write_attribute(name, std::int64_t{value});
  }
  template <NamedEnum Enum>
  void word(const std::string& name, Enum value) {
    attribute(name, to_string(value));
  }
  template <typename T>
  void later_attribute(const std::string& name, const T& value) {
    attribute(name, value);
  }
  void charge_attribute(const std::string& name, std::int64_t value) { attribute(name, value); }
  void text(const std::string& name, const std::string& value) { group_.write_text(name, value); }
  void later_text(const std::string& name, const std::string& value) {
    if (!value.empty()) text(name, value);
  }
  void texts(const std::string& name, const std::vector<std::string>& values) {
    group_.write_texts(name, values);
  }

  template <typename T>
  void numbers(const std::string& name, const std::vector<T>& values) {
    group_.write_numbers(name, {values.size()}, values.data());
  }
  void numbers(const std::string& name, const Eigen::VectorXd& values) {
    group_.write_numbers(name, {static_cast<hsize_t>(values.size())}, values.data());
  }

  template <typename Matrix>
  void matrix(const std::string& name, const Matrix& values) {
    using RowMajor =
        Eigen::Matrix<typename Matrix::Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::Ref<const RowMajor> rows(values);  // copies what is stored by columns
    const H5Shape shape{static_cast<hsize_t>(rows.rows()), static_cast<hsize_t>(rows.cols())};
    group_.write_numbers(name, shape, rows.data());
  }

  template <typename Matrix>
  void extra_matrix(const std::string& name, const Matrix& values) {
    if (values.size() > 0) matrix(name, values);
  }

  template <typename Walk>
  void group(const std::string& name, const Walk& walk) {
    const H5Group child = group_.create_group(name);
    RecordWriter archive(child);
    walk(archive);
  }
  template <typename Walk>
  void optional(const std::string& name, std::size_t count, const Walk& walk) {
    if (count > 0) group(name, walk);
  }
  template <typename Walk>
  void details(const Walk& walk) {
    walk(*this);
  }
  template <typename Walk>
  void untracked(const std::string& name, const Walk& walk) {
    group(name, walk);
  }

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
    group(name, [&](RecordWriter& parent) {
      for (const auto& entry : values) {
        parent.group(entry.first, [&](RecordWriter& archive) { walk(archive, entry.second); });
      }
    });
  }
  template <typename T>
  void arrays(const std::string& name, const std::map<std::string, std::vector<T>>& values) {
    group(name, [&](RecordWriter& parent) {
      for (const auto& entry : values) parent.numbers(entry.first, entry.second);
    });
  }
  void arrays(const std::string& name, const std::map<std::string, Eigen::MatrixXd>& values) {
    group(name, [&](RecordWriter& parent) {
      for (const auto& entry : values) parent.matrix(entry.first, entry.second);
    });
  }
  void scalars(const std::string& name, const std::map<std::string, std::int64_t>& values) {
    group(name, [&](RecordWriter& parent) {
      for (const auto& entry : values) {
        parent.group_.write_numbers(entry.first, {}, &entry.second);
      }
    });
  }

 private:
  const H5Group& group_;
};

}  // namespace bbprompt
