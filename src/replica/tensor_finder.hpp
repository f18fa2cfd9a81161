#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/weight_files.hpp"
#include "replica/widened_tensors.hpp"

namespace bbprompt {

// Whether the numbers of a tensor are looked at.
enum class NumberCheck {
  kEach,  // all must be finite; the pages read for that are released again
  kNone,  // they were checked before
};

// Finds the tensors a model needs and checks each. Those that are F32 in the map are readable at
// once, the others when `widened` is filled.
class TensorFinder {
 public:
  // All of them must outlive this object; views point into `files` or `widened`.
  TensorFinder(const WeightFiles& files, const ModelConfig& config, WidenedTensors& widened)
      : files_(files), config_(config), widened_(widened) {}

  void set_check(NumberCheck check) { check_ = check; }

  // The tensor under exactly one of `names` (the first is how messages call it), of this shape.
  // Throws ModelError as Weights::load says.
  MatrixView matrix(const std::vector<std::string>& names, std::int64_t rows, std::int64_t cols);
  VectorView vector(const std::vector<std::string>& names, std::int64_t size);

  // That tensor as it lies in its file.
  [[nodiscard]] const StoredTensor& stored(const std::vector<std::string>& names) const {
    return choose(names).second;
  }

  [[nodiscard]] bool is_present(const std::vector<std::string>& names) const;

  // Whether some view points into the memory map.
  [[nodiscard]] bool uses_map() const { return uses_map_; }

 private:
  const float* find(const std::vector<std::string>& names, const std::vector<std::int64_t>& shape);
  const StoredTensors::value_type& choose(const std::vector<std::string>& names) const;
  const float* readable(const std::string& name, const StoredTensor& tensor);
  void check_numbers(const std::string& name, const StoredTensor& tensor) const;

  const WeightFiles& files_;
  const ModelConfig& config_;
  WidenedTensors& widened_;
  NumberCheck check_ = NumberCheck::kEach;
  bool uses_map_ = false;
};

[[nodiscard]] FloatType float_type(const StoredTensor& tensor);

// Whether the numbers can be used where the file's map has them.
[[nodiscard]] bool is_readable_in_map(const StoredTensor& tensor);

// Empty, with room for the tensors of the files that are not readable in the map.
[[nodiscard]] std::unique_ptr<WidenedTensors> room_for_widened(const WeightFiles& files);

}  // namespace bbprompt
