#include "tests/optim/test_functions.hpp"

#include <Eigen/QR>
#include <cmath>
#include <numbers>

#include "bbprompt/base/random_stream.hpp"

namespace bbprompt::testing {

double sphere(const Eigen::VectorXd& x) { return x.squaredNorm(); }

double ellipsoid(const Eigen::VectorXd& x) {
  double sum = 0.0;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const double place = static_cast<double>(i) / static_cast<double>(x.size() - 1);
    sum += std::pow(1e6, place) * x[i] * x[i];
  }
  return sum;
}

double rosenbrock(const Eigen::VectorXd& x) {
  double sum = 0.0;
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    sum += 100.0 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1.0 - x[i], 2);
  }
  return sum;
}

double rastrigin(const Eigen::VectorXd& x) {
  const auto a = x.array();
  return 10.0 * static_cast<double>(x.size()) +
         (a.square() - 10.0 * (2.0 * std::numbers::pi * a).cos()).sum();
}

Eigen::MatrixXd normals(Eigen::Index rows, Eigen::Index cols, std::string_view purpose) {
  RandomStream random({.seed = 1, .purpose = purpose});
  return Eigen::MatrixXd::NullaryExpr(rows, cols, [&] { return random.normal(); });
}

Eigen::MatrixXd rotation(Eigen::Index n) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(normals(n, n, "rotation")).householderQ();
}

Eigen::VectorXd evaluate(const Population& population, const Function& function) {
  Eigen::VectorXd fitness(population.points.cols());
  for (Eigen::Index i = 0; i < fitness.size(); ++i) fitness[i] = function(population.points.col(i));
  return fitness;
}

void step(Optimizer& optimizer, const Function& function) {
  optimizer.tell(evaluate(optimizer.ask(), function));
}

}  // namespace bbprompt::testing
