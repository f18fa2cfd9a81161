#include "replica/layer_norm.hpp"

#include <cmath>

namespace bbprompt {

void layer_norm(const LayerNormWeights& weights, float eps, Rows values) {
  const auto scale = weights.scale.map().array();
  const auto shift = weights.shift.map().array();
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    auto row = values.row(i).array();
    row -= row.mean();
    const float inverse_deviation = 1.0F / std::sqrt(row.square().mean() + eps);
    row = row * inverse_deviation * scale + shift;
  }
}

}  // namespace bbprompt
