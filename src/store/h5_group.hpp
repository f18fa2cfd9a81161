#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/h5_handle.hpp"

namespace bbprompt {

// What one open file still may hand out. Datasets of an honest file do not share bytes, so all
// reads together never exceed the file's size; a file that declares more is refused before memory
// is taken for it.
struct H5Ledger {
  std::string path;
  std::uint64_t bytes_left = 0;
};

// The numbers a file holds, each with one exact little-endian type on disk.
enum class H5Number { kInt32, kInt64, kUint64, kFloat, kDouble };
template <typename T>
inline constexpr H5Number kH5Number = [] {
  static_assert(std::is_arithmetic_v<T>);
  if constexpr (std::is_same_v<T, std::int32_t>) return H5Number::kInt32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5Number::kInt64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5Number::kUint64;
  if constexpr (std::is_same_v<T, float>) return H5Number::kFloat;
  if constexpr (std::is_same_v<T, double>) return H5Number::kDouble;
}();

using H5Shape = std::vector<hsize_t>;

// A group, and the only kinds of object the schema has: groups, contiguous datasets of numbers,
// datasets and attributes of fixed-length strings, scalar attributes. Names are single path
// components; links other than hard ones (soft, external), external or virtual storage, chunks and
// filters are refused. Every failure throws StoreError naming file and object.
//
// Strings are fixed-length, NUL-terminated, sized longest + 1; marked UTF-8, or ASCII where the
// bytes are not valid UTF-8. Single strings keep every byte, NUL included; lists refuse NUL.
class H5Group {
 public:
  H5Group(H5Handle handle, std::shared_ptr<H5Ledger> ledger, std::string name);

  [[nodiscard]] H5Place place(std::string_view child = {}) const;

  [[nodiscard]] H5Group create_group(const std::string& name) const;
  void write_attribute(const std::string& name, const std::string& value) const;
  void write_attribute(const std::string& name, std::int64_t value) const;
  void write_attribute(const std::string& name, std::uint64_t value) const;
  void write_attribute(const std::string& name, double value) const;
  void write_text(const std::string& name, std::string_view text) const;
  void write_texts(const std::string& name, std::span<const std::string> texts) const;
  // Row-major.
  template <typename T>
  void write_numbers(const std::string& name, const H5Shape& shape, const T* values) const {
    write_raw(name, shape, {kH5Number<T>, values});
  }

  [[nodiscard]] H5Group open_group(const std::string& name) const;
  [[nodiscard]] std::size_t num_children() const;
  [[nodiscard]] std::vector<std::string> child_names() const;  // ascending
  [[nodiscard]] bool has_attribute(const std::string& name) const;
  void read_attribute(const std::string& name, std::string& value) const;
  void read_attribute(const std::string& name, std::int64_t& value) const;
  void read_attribute(const std::string& name, std::uint64_t& value) const;
  void read_attribute(const std::string& name, double& value) const;
  [[nodiscard]] std::string read_text(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> read_texts(const std::string& name) const;

  // A dataset of `rank` dimensions that has been checked and paid for in the ledger.
  struct Numbers {
    H5Handle dataset;
    H5Shape shape;
    std::size_t count = 0;
  };
  [[nodiscard]] Numbers open_numbers(const std::string& name, H5Number type, int rank) const;
  // Values of a one-dimensional dataset of 64-bit numbers, at most as many as the file can hold.
  [[nodiscard]] std::size_t num_numbers(const std::string& name) const;
  template <typename T>
  void read_numbers(const std::string& name, const Numbers& numbers, T* values) const {
    read_raw(name, numbers, kH5Number<T>, values);
  }

 private:
  struct RawValues {
    H5Number type;
    const void* values;
  };
  void write_raw(const std::string& name, const H5Shape& shape, RawValues raw) const;
  void read_raw(const std::string& name, const Numbers& numbers, H5Number type, void* to) const;
  void write_scalar(const std::string& name, RawValues raw) const;
  void read_scalar(const std::string& name, H5Number type, void* to) const;
  [[nodiscard]] H5Handle open_dataset(const std::string& name) const;
  [[nodiscard]] H5Handle open_object(const std::string& name, H5I_type_t kind) const;
  void spend(const H5Place& where, std::uint64_t count, std::uint64_t size) const;

  H5Handle handle_;
  std::shared_ptr<H5Ledger> ledger_;
  std::string name_;  // absolute path
};

// Types on disk and in memory.
[[nodiscard]] hid_t h5_file_type(H5Number type);
[[nodiscard]] hid_t h5_memory_type(H5Number type);

}  // namespace bbprompt
