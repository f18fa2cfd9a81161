#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/base/mapped_file.hpp"

namespace bbprompt {

// A tensor as it lies in a file.
struct StoredTensor {
  std::string file;                  // for messages
  std::string dtype;                 // "F32", "F16", "BF16", "I64", ...
  std::vector<std::int64_t> shape;   // row-major
  std::span<const std::byte> bytes;  // in the memory map: product of shape times size of dtype
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

// A file of the safetensors format: 8 bytes little-endian header length N, N bytes of JSON
// {name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {...}}, then the data,
// which the tensors cover without hole or overlap.
class SafetensorsFile {
 public:
  // Throws ModelError naming the file when it breaks any of these rules.
  explicit SafetensorsFile(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The bytes of the tensors live as long as this object (moving it included).
  [[nodiscard]] const StoredTensors& tensors() const { return tensors_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return file_.bytes(); }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  StoredTensors tensors_;
};

// "16 x 8", for messages; "a single number" for an empty shape.
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace bbprompt
