#pragma once

#include <deque>
#include <string>
#include <vector>

#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/weight_files.hpp"

namespace bbprompt {

// Numbers widened to F32, at addresses that stay.
using FloatArena = std::deque<std::vector<float>>;

// Finds the tensors a model needs, checks each and makes it readable as F32.
class TensorFinder {
 public:
  // All three must outlive this object; views point into `files` or `arena`.
  TensorFinder(const WeightFiles& files, const ModelConfig& config, FloatArena& arena)
      : files_(files), config_(config), arena_(arena) {}

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
  FloatArena& arena_;
  bool uses_map_ = false;
};

}  // namespace bbprompt
