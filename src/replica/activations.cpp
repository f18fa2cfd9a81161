#include "replica/activations.hpp"

#include <algorithm>

namespace bbprompt {
namespace {

constexpr Eigen::Index kChunk = 256;
using Chunk = Eigen::Map<Eigen::ArrayXf>;
using Scratch = Eigen::Array<float, Eigen::Dynamic, 1, 0, kChunk, 1>;

// x Phi(x) = max(x, 0) - |x|/2 erfc(|x|/sqrt 2), which loses no digits on either side of zero.
// erfc by Abramowitz & Stegun 7.1.26, absolute error below 1.5e-7.
void apply_gelu(Chunk x) {
  constexpr float kSqrtHalf = 0.70710678118654752F;
  constexpr float kP = 0.3275911F;
  constexpr float kA1 = 0.254829592F;
  constexpr float kA2 = -0.284496736F;
  constexpr float kA3 = 1.421413741F;
  constexpr float kA4 = -1.453152027F;
  constexpr float kA5 = 1.061405429F;
  const Scratch t = (1.0F + (kP * kSqrtHalf) * x.abs()).inverse();
  const Scratch decay = (-0.5F * x.square()).exp();
  x = x.max(0.0F) -
      0.5F * x.abs() * decay * (t * (kA1 + t * (kA2 + t * (kA3 + t * (kA4 + t * kA5)))));
}

void apply_gelu_tanh(Chunk x) {
  constexpr float kSqrtTwoOverPi = 0.79788456080286536F;
  constexpr float kCubic = 0.044715F;
  x = 0.5F * x * (1.0F + (kSqrtTwoOverPi * (x + kCubic * x.cube())).tanh());
}

void apply_relu(Chunk x) { x = x.max(0.0F); }

// The argument of exp is kept below the overflow of float; beyond it the value is 0 anyway.
void apply_silu(Chunk x) { x = x / (1.0F + (-x).min(88.0F).exp()); }

template <typename Function>
void apply_to_rows(const VectorView& bias, Rows values, Function function) {
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    for (Eigen::Index begin = 0; begin < values.cols(); begin += kChunk) {
      const Eigen::Index size = std::min(kChunk, values.cols() - begin);
      Chunk chunk(&values(row, begin), size);
      chunk += Eigen::Map<const Eigen::ArrayXf>(bias.data + begin, size);
      function(chunk);
    }
  }
}

}  // namespace

void add_bias_and_activate(Activation activation, const VectorView& bias, Rows values) {
  switch (activation) {
    case Activation::kGelu:
      return apply_to_rows(bias, values, apply_gelu);
    case Activation::kGeluTanh:
      return apply_to_rows(bias, values, apply_gelu_tanh);
    case Activation::kRelu:
      return apply_to_rows(bias, values, apply_relu);
    case Activation::kSilu:
      return apply_to_rows(bias, values, apply_silu);
  }
}

}  // namespace bbprompt
