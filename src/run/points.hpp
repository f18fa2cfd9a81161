#pragma once

#include <Eigen/Core>
#include <vector>

namespace bbprompt {

[[nodiscard]] inline std::vector<double> to_vector(const Eigen::VectorXd& point) {
  return {point.data(), point.data() + point.size()};
}

}  // namespace bbprompt
