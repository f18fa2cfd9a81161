#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/weight_files.hpp"
#include "replica/widened_tensors.hpp"

namespace bbprompt {

// Finds the tensors a model needs and checks each. Those that are F32 in the map are readable at
// once, the others when `widened` is filled.
class TensorFinder {
 public:
  // All three must outlive this object; views point into `files` or `widened`.
  TensorFinder(const WeightFiles& files, const ModelConfig& config, WidenedTensors& widened)
      : files_(files), config_(config), widened_(widened) {}

  // The tensor under exactly one of `names` (the first is how messages call it), of this shape.
  // Throws ModelError as Weights::load says.
  MatrixView matrix(const std::vector<std::string>& names, std::int64_t rows, std::int64_t cols);
  VectorView vector(const std::vector<std::string>& names, std::int64_t size);

  [[nodiscard]] bool is_present(const std::vector<std::string>& names) const;

  // Whether some view points into the memory map.
  [[nodiscard]] bool uses_map() const { return uses_map_; }

 private:
  const float* find(const std::vector<std::string>& names, const std::vector<std::int64_t>& shape);
  const StoredTensors::value_type& choose(const std::vector<std::string>& names) const;
  const float* readable(const std::string& name, const StoredTensor& tensor);

  const WeightFiles& files_;
  const ModelConfig& config_;
  WidenedTensors& widened_;
  bool uses_map_ = false;
};

// Empty, with room for the tensors of the files that are not readable in the map.
[[nodiscard]] std::unique_ptr<WidenedTensors> room_for_widened(const WeightFiles& files);

}  // namespace bbprompt
