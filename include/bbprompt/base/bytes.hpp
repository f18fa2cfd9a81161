#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bbprompt {

using Bytes = std::vector<std::byte>;

// Appends values to a byte message: numbers as they lie in memory (all ranks run one binary),
// strings and vectors with their length in front.
class ByteWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T>
  void put(T value) { append(&value, sizeof value); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void put_all(std::span<const T> values) {
    put<std::uint64_t>(values.size());
    append(values.data(), values.size_bytes());
  }
  void put_string(std::string_view text) {
    put_all(std::span<const char>(text.data(), text.size()));
  }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  void append(const void* data, std::size_t num_bytes) {
    if (num_bytes == 0) return;
    const std::size_t end = bytes_.size();
    bytes_.resize(end + num_bytes);
    std::memcpy(bytes_.data() + end, data, num_bytes);
  }

  Bytes bytes_;
};

// Reads such a message. Every read is checked; one past the end throws CommError.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  requires std::is_arithmetic_v<T>
  [[nodiscard]] T get() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  template <typename T>
  requires std::is_arithmetic_v<T>
  [[nodiscard]] std::vector<T> get_all() {
    const auto count = get<std::uint64_t>();
    if (count > rest_.size() / sizeof(T)) fail(count * sizeof(T));
    std::vector<T> values(count);
    const auto raw = take(count * sizeof(T));
    if (count > 0) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
  [[nodiscard]] std::string get_string() {
    const auto text = get_all<char>();
    return {text.begin(), text.end()};
  }
  // Throws CommError unless everything was read.
  void expect_end() const;

 private:
  std::span<const std::byte> take(std::size_t count) {
    if (count > rest_.size()) fail(count);
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  [[noreturn]] void fail(std::size_t wanted) const;

  std::span<const std::byte> rest_;
};

}  // namespace bbprompt
