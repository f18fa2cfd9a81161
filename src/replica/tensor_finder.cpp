#include "replica/tensor_finder.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "bbprompt/base/utf8.hpp"
#include "replica/float16.hpp"

namespace bbprompt {
namespace {

[[noreturn]] void refuse_tensor(const std::string& file, const std::string& name,
                                const std::string& message) {
  throw ModelError(file, "tensor " + printable(name, 120) + ": " + message);
}

// Bytes that are checked at a time, and then released.
constexpr std::size_t kCheckedAtOnce = std::size_t{1} << 22;

}  // namespace

FloatType float_type(const StoredTensor& tensor) {
  return tensor.dtype == "F32"    ? FloatType::kF32
         : tensor.dtype == "F16"  ? FloatType::kF16
         : tensor.dtype == "BF16" ? FloatType::kBf16
                                  : FloatType::kOther;
}

bool is_readable_in_map(const StoredTensor& tensor) {
  const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
  return float_type(tensor) == FloatType::kF32 && address % alignof(float) == 0;
}

std::unique_ptr<WidenedTensors> room_for_widened(const WeightFiles& files) {
  std::size_t num_numbers = 0;
  std::size_t num_tensors = 0;
  for (const auto& [name, tensor] : files.tensors()) {
    const FloatType type = float_type(tensor);
    if (type == FloatType::kOther || is_readable_in_map(tensor)) continue;
    num_numbers += count_numbers(type, tensor.bytes);
    ++num_tensors;
  }
  return std::make_unique<WidenedTensors>(num_numbers, num_tensors);
}

MatrixView TensorFinder::matrix(const std::vector<std::string>& names, std::int64_t rows,
                                std::int64_t cols) {
  return {find(names, {rows, cols}), rows, cols};
}

VectorView TensorFinder::vector(const std::vector<std::string>& names, std::int64_t size) {
  return {find(names, {size}), size};
}

bool TensorFinder::is_present(const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    if (files_.tensors().contains(name)) return true;
  }
  return false;
}

const StoredTensors::value_type& TensorFinder::choose(const std::vector<std::string>& names) const {
  const StoredTensors::value_type* found = nullptr;
  for (const auto& name : names) {
    const auto entry = files_.tensors().find(name);
    if (entry == files_.tensors().end()) continue;
    if (found != nullptr)
      refuse_tensor(entry->second.file, name, "found beside its other name " + found->first);
    found = &*entry;
  }
  if (found == nullptr) {
    refuse_tensor(files_.path().string(), names.front(),
                  "expected by " + config_.file.string() +
                      (config_.is_causal() ? " (n_layer " : " (num_hidden_layers ") +
                      std::to_string(config_.num_layers) + "), found none");
  }
  return *found;
}

const float* TensorFinder::find(const std::vector<std::string>& names,
                                const std::vector<std::int64_t>& shape) {
  const auto& [name, tensor] = choose(names);
  if (tensor.shape != shape) {
    refuse_tensor(tensor.file, name,
                  "expected " + shape_text(shape) + " by " + config_.file.string() + ", found " +
                      shape_text(tensor.shape));
  }
  return readable(name, tensor);
}

const float* TensorFinder::readable(const std::string& name, const StoredTensor& tensor) {
  const FloatType type = float_type(tensor);
  if (type == FloatType::kOther)
    refuse_tensor(tensor.file, name, "expected F32, F16 or BF16, found " + tensor.dtype);
  if (check_ == NumberCheck::kEach) check_numbers(name, tensor);
  if (is_readable_in_map(tensor)) {
    uses_map_ = true;
    return reinterpret_cast<const float*>(tensor.bytes.data());
  }
  return widened_.add(type, tensor.bytes);
}

void TensorFinder::check_numbers(const std::string& name, const StoredTensor& tensor) const {
  const FloatType type = float_type(tensor);
  for (std::size_t begin = 0; begin < tensor.bytes.size(); begin += kCheckedAtOnce) {
    const auto block =
        tensor.bytes.subspan(begin, std::min(kCheckedAtOnce, tensor.bytes.size() - begin));
    const auto index = find_non_finite(type, block);
    release_pages(block);
    if (!index) continue;
    refuse_tensor(tensor.file, name,
                  "expected finite numbers, found infinity or NaN at element " +
                      std::to_string(*index + count_numbers(type, tensor.bytes.first(begin))));
  }
}

}  // namespace bbprompt
