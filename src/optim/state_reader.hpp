#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

// Checked access to a saved state. Every member throws Error, naming the entry, when it is missing
// or cannot be.
class StateReader {
 public:
  StateReader(const OptimizerState& state, const std::string& expected_kind);

  // Finite values of exactly this shape.
  [[nodiscard]] const Eigen::MatrixXd& array(const std::string& name, Eigen::Index rows,
                                             Eigen::Index cols) const;
  [[nodiscard]] double positive(const std::string& name) const;  // 1 x 1, a normal number > 0

  // size x 1; values may be infinite, but not NaN.
  [[nodiscard]] std::vector<double> fitness(const std::string& name, Eigen::Index size) const;

  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t min,
                                     std::int64_t max) const;
  [[nodiscard]] std::uint64_t bits(const std::string& name) const;

  [[noreturn]] void fail(const std::string& name, const std::string& problem) const;

 private:
  [[nodiscard]] const Eigen::MatrixXd& shaped(const std::string& name, Eigen::Index rows,
                                              Eigen::Index cols) const;
  [[nodiscard]] std::int64_t find_integer(const std::string& name) const;

  const OptimizerState& state_;
};

}  // namespace bbprompt
