#include "replica/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie");

constexpr std::size_t kLengthSize = 8;
constexpr std::size_t kMaxHeaderSize = 100'000'000;  // limit of the format

// Element size in bytes; 0 for a type that the format does not have.
std::uint64_t element_size(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, int>, 15> kSizes = {{{"BOOL", 1},
                                                                               {"U8", 1},
                                                                               {"I8", 1},
                                                                               {"F8_E5M2", 1},
                                                                               {"F8_E4M3", 1},
                                                                               {"F8_E8M0", 1},
                                                                               {"I16", 2},
                                                                               {"U16", 2},
                                                                               {"F16", 2},
                                                                               {"BF16", 2},
                                                                               {"I32", 4},
                                                                               {"U32", 4},
                                                                               {"F32", 4},
                                                                               {"F64", 8},
                                                                               {"I64", 8}}};
  if (dtype == "U64" || dtype == "C64") return 8;
  for (const auto& [name, size] : kSizes) {
    if (name == dtype) return static_cast<std::uint64_t>(size);
  }
  return 0;
}

class HeaderReader {
 public:
  HeaderReader(std::string file, std::span<const std::byte> bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  StoredTensors read() {
    const auto header = parse_header();
    StoredTensors tensors;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        check_metadata(entry);
      } else {
        tensors.emplace(name, read_entry(name, entry));
      }
    }
    check_coverage(tensors);
    return tensors;
  }

 private:
  [[noreturn]] void refuse(const std::string& message) const { throw ModelError(file_, message); }
  [[noreturn]] void refuse(const std::string& name, const std::string& message) const {
    refuse("tensor " + printable(name, 120) + ": " + message);
  }

  nlohmann::json parse_header() {
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    if (text.starts_with("version https://git-lfs")) {
      refuse(
          "expected safetensors weights, found a Git LFS pointer; fetch the file with "
          "`git lfs pull`");
    }
    if (bytes_.size() < kLengthSize) {
      refuse("expected a header length of 8 bytes, found a file of " +
             std::to_string(bytes_.size()) + " bytes; the download is broken");
    }
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), kLengthSize);
    const std::size_t most = std::min(bytes_.size() - kLengthSize, kMaxHeaderSize);
    if (length < 2 || length > most) {
      refuse("expected a header of 2 to " + std::to_string(most) + " bytes, found a length of " +
             std::to_string(length) + " at byte 0; cut short, or not a safetensors file");
    }
    data_ = bytes_.subspan(kLengthSize + length);
    try {
      auto header = parse_json(text.substr(kLengthSize, length));
      if (!header.is_object()) refuse("header: expected an object, found " + json_kind(header));
      return header;
    } catch (const ModelError&) {
      throw;
    } catch (const Error& error) {
      refuse(std::string("header: ") + error.what());
    }
  }

  void check_metadata(const nlohmann::json& entry) const {
    if (!entry.is_object()) refuse("__metadata__: expected an object, found " + json_kind(entry));
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) {
        refuse("__metadata__: expected strings, found " + json_kind(value) + " for " +
               printable(key));
      }
    }
  }

  const nlohmann::json& member(const std::string& name, const nlohmann::json& entry,
                               const char* key) const {
    if (!entry.is_object()) refuse(name, "expected an object, found " + json_kind(entry));
    const auto found = entry.find(key);
    if (found == entry.end()) refuse(name, std::string("expected ") + key + ", found none");
    return *found;
  }

  std::vector<std::uint64_t> read_numbers(const std::string& name, const nlohmann::json& entry,
                                          const char* key) const {
    const auto& array = member(name, entry, key);
    if (!array.is_array())
      refuse(name, std::string(key) + ": expected an array, found " + json_kind(array));
    std::vector<std::uint64_t> numbers;
    for (const auto& value : array) {
      if (!value.is_number_unsigned()) {
        refuse(name,
               std::string(key) + ": expected integers from 0, found " + printable(value.dump()));
      }
      numbers.push_back(value.get<std::uint64_t>());
    }
    return numbers;
  }

  StoredTensor read_entry(const std::string& name, const nlohmann::json& entry) const {
    StoredTensor tensor;
    tensor.file = file_;
    const auto& dtype = member(name, entry, "dtype");
    const std::uint64_t size =
        dtype.is_string() ? element_size(dtype.get_ref<const std::string&>()) : 0;
    if (size == 0)
      refuse(name, "expected a dtype such as \"F32\", found " + printable(dtype.dump()));
    tensor.dtype = dtype.get<std::string>();

    std::uint64_t wanted = size;
    for (const std::uint64_t extent : read_numbers(name, entry, "shape")) {
      if (extent > static_cast<std::uint64_t>(INT64_MAX) ||
          __builtin_mul_overflow(wanted, extent, &wanted)) {
        refuse(name, "shape: expected at most the file's " + std::to_string(bytes_.size()) +
                         " bytes, found " + printable(entry["shape"].dump()));
      }
      tensor.shape.push_back(static_cast<std::int64_t>(extent));
    }
    const auto offsets = read_numbers(name, entry, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size()) {
      refuse(
          name,
          "data_offsets: expected [begin, end] within the " + std::to_string(data_.size()) +
              " bytes of data, found " + printable(entry["data_offsets"].dump()) +
              (offsets.size() == 2 && offsets[1] > data_.size() ? "; the file is cut short" : ""));
    }
    if (offsets[1] - offsets[0] != wanted) {
      refuse(name, "expected " + std::to_string(wanted) + " bytes for " + tensor.dtype + " " +
                       shape_text(tensor.shape) + ", found " +
                       std::to_string(offsets[1] - offsets[0]) + " by data_offsets");
    }
    tensor.bytes = data_.subspan(offsets[0], wanted);
    return tensor;
  }

  void check_coverage(const StoredTensors& tensors) const {
    struct Extent {
      std::size_t begin, end;
      const std::string* name;
    };
    std::vector<Extent> extents;
    for (const auto& [name, tensor] : tensors) {
      const auto begin = static_cast<std::size_t>(tensor.bytes.data() - data_.data());
      extents.push_back({begin, begin + tensor.bytes.size(), &name});
    }
    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
      return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    std::size_t covered = 0;
    for (const Extent& extent : extents) {
      if (extent.begin != covered) {
        refuse(*extent.name, "expected data from byte " + std::to_string(covered) +
                                 ", where the tensor before ends, found " +
                                 std::to_string(extent.begin));
      }
      covered = extent.end;
    }
    if (covered != data_.size()) {
      refuse("expected data of " + std::to_string(covered) + " bytes by the header, found " +
             std::to_string(data_.size()));
    }
  }

  std::string file_;
  std::span<const std::byte> bytes_;
  std::span<const std::byte> data_;
};

MappedFile map_weights(const std::filesystem::path& path) {
  try {
    return MappedFile(path);
  } catch (const StoreError& error) {
    throw ModelError(path.string(), std::string(error.what()).substr(error.file().size() + 2));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path),
      file_(map_weights(path)),
      tensors_(HeaderReader(path.string(), file_.bytes()).read()) {}

std::string shape_text(std::span<const std::int64_t> shape) {
  if (shape.empty()) return "a single number";
  std::string text;
  for (const std::int64_t extent : shape) {
    if (!text.empty()) text += " x ";
    text += std::to_string(extent);
  }
  return text;
}

}  // namespace bbprompt
