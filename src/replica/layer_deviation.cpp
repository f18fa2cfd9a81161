#include "replica/layer_deviation.hpp"

#include <cmath>

namespace bbprompt {
namespace {

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};

Moments moments(const Eigen::ArrayXf& values) {
  Moments result;
  result.mean = values.cast<double>().mean();
  result.deviation = std::sqrt((values.cast<double>() - result.mean).square().mean());
  return result;
}

}  // namespace

double clipped_deviation(std::span<const RowMatrixXf> states) {
  constexpr int kRounds = 5;
  Eigen::Index size = 0;
  for (const RowMatrixXf& matrix : states) size += matrix.size();
  if (size == 0) return 0.0;
  Eigen::ArrayXf values(size);
  Eigen::Index begin = 0;
  for (const RowMatrixXf& matrix : states) {
    values.segment(begin, matrix.size()) = matrix.reshaped<Eigen::RowMajor>().array();
    begin += matrix.size();
  }
  Moments now = moments(values);
  for (int round = 0; round < kRounds; ++round) {
    const auto low = static_cast<float>(now.mean - 3.0 * now.deviation);
    const auto high = static_cast<float>(now.mean + 3.0 * now.deviation);
    values = values.max(low).min(high);
    now = moments(values);
  }
  return now.deviation;
}

}  // namespace bbprompt
