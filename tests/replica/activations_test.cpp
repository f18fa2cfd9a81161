#include "replica/activations.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "replica/layer_norm.hpp"

namespace bbprompt {
namespace {

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
double relu(double x) { return x > 0 ? x : 0; }
double silu(double x) { return x / (1 + std::exp(-x)); }

struct Function {
  Activation activation;
  double (*exact)(double);
};

TEST(Activations, MatchTheExactFunctionsOverADenseGrid) {
  constexpr int kCount = 400'001;
  const Eigen::RowVectorXf zeros = Eigen::RowVectorXf::Zero(kCount);
  for (const auto& [activation, exact] :
       {Function{Activation::kGelu, gelu}, Function{Activation::kGeluTanh, gelu_tanh},
        Function{Activation::kRelu, relu}, Function{Activation::kSilu, silu}}) {
    const RowMatrixXf inputs = Eigen::RowVectorXf::LinSpaced(kCount, -20.0F, 20.0F);
    RowMatrixXf values = inputs;
    add_bias_and_activate(activation, {zeros.data(), kCount}, values);
    double worst = 0;
    for (Eigen::Index i = 0; i < kCount; ++i) {
      const auto x = static_cast<double>(inputs(0, i));
      const double error = std::abs(static_cast<double>(values(0, i)) - exact(x));
      worst = std::max(worst, error / std::max(1.0, std::abs(x)));
    }
    EXPECT_LT(worst, 3e-7) << static_cast<int>(activation);
  }
}

TEST(Activations, StayFiniteFarOutAndAddTheBiasOfEachColumn) {
  const std::vector<float> bias = {1, -1e30F, 1e30F, 0};
  for (const auto activation :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
    // The cube of the tanh form is infinite beyond 7e12, where tanh is 1 already.
    RowMatrixXf values = RowMatrixXf::Zero(2, 4);
    add_bias_and_activate(activation, {bias.data(), 4}, values);
    EXPECT_TRUE(values.allFinite()) << static_cast<int>(activation);
    EXPECT_NEAR(values(1, 0), 0.8413F, 0.16F);
    EXPECT_NEAR(values(0, 1), 0.0F, 1e-7F);
    EXPECT_EQ(values(0, 2), 1e30F);
    EXPECT_EQ(values(1, 3), 0.0F);
  }
}

TEST(LayerNorm, MatchesItsFormulaInDouble) {
  constexpr Eigen::Index kSize = 771;
  const RowMatrixXf inputs = RowMatrixXf::Random(3, kSize).array() * 5 + 2;
  const Eigen::RowVectorXf scale = Eigen::RowVectorXf::Random(kSize);
  const Eigen::RowVectorXf shift = Eigen::RowVectorXf::Random(kSize);
  RowMatrixXf values = inputs;
  layer_norm({.scale = {scale.data(), kSize}, .shift = {shift.data(), kSize}}, 1e-3F, values);
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    const Eigen::ArrayXd x = inputs.row(row).transpose().cast<double>();
    const double variance = (x - x.mean()).square().sum() / static_cast<double>(kSize);
    for (Eigen::Index i = 0; i < kSize; ++i) {
      const double expected =
          static_cast<double>(scale[i]) * (x[i] - x.mean()) / std::sqrt(variance + 1e-3) +
          static_cast<double>(shift[i]);
      EXPECT_NEAR(values(row, i), expected, 2e-6);
    }
  }
}

TEST(LayerNorm, OfAConstantRowIsTheShift) {
  const std::vector<float> ones(8, 1.0F);
  RowMatrixXf values = RowMatrixXf::Constant(1, 8, 3.0F);
  layer_norm({.scale = {ones.data(), 8}, .shift = {ones.data(), 8}}, 1e-12F, values);
  EXPECT_EQ(values, RowMatrixXf::Ones(1, 8));
}

}  // namespace
}  // namespace bbprompt
