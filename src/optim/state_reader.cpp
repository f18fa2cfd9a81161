#include "optim/state_reader.hpp"

#include <bit>
#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

std::string shape(Eigen::Index rows, Eigen::Index cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

}  // namespace

StateReader::StateReader(const OptimizerState& state, const std::string& expected_kind)
    : state_(state) {
  if (state.kind != expected_kind) {
    throw Error("saved optimizer state: expected kind '" + expected_kind + "', found '" +
                state.kind + "'; resume with the configuration the state was saved under");
  }
}

const Eigen::MatrixXd& StateReader::array(const std::string& name, Eigen::Index rows,
                                          Eigen::Index cols) const {
  const auto& values = shaped(name, rows, cols);
  if (!values.allFinite()) fail(name, "holds a value that is not finite");
  return values;
}

double StateReader::positive(const std::string& name) const {
  const double value = shaped(name, 1, 1)(0, 0);
  if (!std::isnormal(value) || value < 0.0) {
    fail(name, "expected a positive number, found " + short_number(value));
  }
  return value;
}

std::vector<double> StateReader::fitness(const std::string& name, Eigen::Index size) const {
  const auto& values = shaped(name, size, 1);
  if (values.hasNaN()) fail(name, "holds NaN");
  return {values.data(), values.data() + values.size()};
}

std::int64_t StateReader::integer(const std::string& name, std::int64_t min,
                                  std::int64_t max) const {
  const auto value = find_integer(name);
  if (value < min || value > max) {
    fail(name, "expected " + std::to_string(min) + " to " + std::to_string(max) + ", found " +
                   std::to_string(value));
  }
  return value;
}

std::uint64_t StateReader::bits(const std::string& name) const {
  return std::bit_cast<std::uint64_t>(find_integer(name));
}

const Eigen::MatrixXd& StateReader::shaped(const std::string& name, Eigen::Index rows,
                                           Eigen::Index cols) const {
  const auto found = state_.arrays.find(name);
  if (found == state_.arrays.end()) fail(name, "is missing");
  if (found->second.rows() != rows || found->second.cols() != cols) {
    fail(name, "expected shape " + shape(rows, cols) + ", found " +
                   shape(found->second.rows(), found->second.cols()));
  }
  return found->second;
}

std::int64_t StateReader::find_integer(const std::string& name) const {
  const auto found = state_.integers.find(name);
  if (found == state_.integers.end()) fail(name, "is missing");
  return found->second;
}

void StateReader::fail(const std::string& name, const std::string& problem) const {
  throw Error("saved optimizer state (" + state_.kind + "): entry '" + name + "': " + problem +
              "; the state is damaged or of another configuration, use an older checkpoint");
}

}  // namespace bbprompt
