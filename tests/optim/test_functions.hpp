#pragma once

#include <Eigen/Core>
#include <functional>
#include <limits>
#include <string_view>

#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt::testing {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Function = std::function<double(const Eigen::VectorXd&)>;

double sphere(const Eigen::VectorXd& x);

// sum_i 10^(6 i / (N - 1)) x_i^2: condition number 1e6.
double ellipsoid(const Eigen::VectorXd& x);

double rosenbrock(const Eigen::VectorXd& x);

// 10 N + sum_i (x_i^2 - 10 cos(2 pi x_i)): a local minimum near each point of whole numbers.
double rastrigin(const Eigen::VectorXd& x);

// Standard normal numbers, the same at each call.
Eigen::MatrixXd normals(Eigen::Index rows, Eigen::Index cols, std::string_view purpose);

// An orthogonal matrix, the same at each call.
Eigen::MatrixXd rotation(Eigen::Index n);

Eigen::VectorXd evaluate(const Population& population, const Function& function);

// One generation.
void step(Optimizer& optimizer, const Function& function);

}  // namespace bbprompt::testing
