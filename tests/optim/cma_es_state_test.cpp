#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>

#include "bbprompt/base/error.hpp"
#include "optim/cma_es.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

using testing::ellipsoid;
using testing::step;

// Writes a state as text with hexadecimal floating-point numbers and reads it back.
OptimizerState through_text(const OptimizerState& state) {
  std::ostringstream out;
  out << state.kind << ' ' << state.arrays.size() << ' ' << state.integers.size() << '\n';
  for (const auto& [name, values] : state.arrays) {
    out << name << ' ' << values.rows() << ' ' << values.cols();
    for (const double value : values.reshaped()) {
      char text[64];
      std::snprintf(text, sizeof text, " %a", value);
      out << text;
    }
    out << '\n';
  }
  for (const auto& [name, value] : state.integers) out << name << ' ' << value << '\n';

  std::istringstream in(out.str());
  OptimizerState read;
  std::size_t num_arrays = 0, num_integers = 0;
  std::string name, text;
  in >> read.kind >> num_arrays >> num_integers;
  for (std::size_t i = 0; i < num_arrays; ++i) {
    Eigen::Index rows = 0, cols = 0;
    in >> name >> rows >> cols;
    Eigen::MatrixXd values(rows, cols);
    for (double& value : values.reshaped()) {
      in >> text;
      value = std::strtod(text.c_str(), nullptr);
    }
    read.arrays[name] = values;
  }
  for (std::size_t i = 0; i < num_integers; ++i) {
    in >> name;
    in >> read.integers[name];
  }
  return read;
}

struct Run {
  const char* name;
  CmaEsOptions options;
  Eigen::Index dimension;
  int num_generations;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Run& run, std::ostream* out) { *out << run.name; }

class EveryRun : public ::testing::TestWithParam<Run> {
 protected:
  CmaEs make(std::uint64_t seed) const {
    return {GetParam().options,
            Eigen::VectorXd::Constant(GetParam().dimension, 1.0 + static_cast<double>(seed)),
            {.seed = seed, .trial = ~seed}};
  }
};
INSTANTIATE_TEST_SUITE_P(
    CmaEsState, EveryRun,
    ::testing::Values(Run{"full", {.sigma = 0.5}, 6, 40},
                      Run{"passive", {.is_active = false}, 6, 12},
                      Run{"separable", {.covariance = CovarianceKind::kSeparable}, 6, 40},
                      Run{"lazy", {.population_size = 6}, 160, 9}));

TEST_P(EveryRun, ContinuesBitForBitFromEveryGeneration) {
  const int last = GetParam().num_generations;
  CmaEs whole = make(1);
  std::vector<Eigen::MatrixXd> populations;
  std::vector<OptimizerState> between, within;
  for (int g = 0; g < last; ++g) {
    between.push_back(whole.save());
    populations.push_back(whole.ask().points);
    within.push_back(whole.save());
    step(whole, ellipsoid);
  }
  const auto end = whole.save();
  for (int g = 0; g < last; ++g) {
    for (const bool is_within : {false, true}) {
      const auto at = static_cast<std::size_t>(g);
      CmaEs resumed = make(77);
      resumed.restore(through_text(is_within ? within[at] : between[at]));
      for (int later = g; later < last; ++later) {
        const auto& population = populations[static_cast<std::size_t>(later)];
        if (!is_within || later > g) {
          ASSERT_EQ(resumed.ask().points, population) << g << " " << later;
        }
        resumed.tell(testing::evaluate({.points = population}, ellipsoid));
      }
      ASSERT_EQ(resumed.save().arrays, end.arrays);
      ASSERT_EQ(resumed.save().integers, end.integers);
      ASSERT_EQ(resumed.stop_reason(), whole.stop_reason());
    }
  }
}

TEST(CmaEsState, KeepsStopReasonAndInfiniteHistory) {
  CmaEs optimizer({.max_iterations = 3}, Eigen::VectorXd::Ones(4), {});
  for (int g = 0; g < 12; ++g) step(optimizer, [](const auto&) { return std::nan(""); });
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kMaxIterations);
  CmaEs resumed({}, Eigen::VectorXd::Ones(4), {});
  resumed.restore(through_text(optimizer.save()));
  EXPECT_EQ(resumed.stop_reason(), StopReason::kMaxIterations);
  EXPECT_EQ(resumed.save().arrays, optimizer.save().arrays);
}

TEST(CmaEsState, IsAcceptedBackFromEveryGenerationOfADegenerateRun) {
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    const CmaEsOptions options{.covariance = covariance};
    CmaEs optimizer(options, Eigen::VectorXd::Ones(3), {});
    for (int g = 0; g < 1500; ++g) {
      step(optimizer, [](const auto& x) { return x[0] * x[0] + 1e12 * x[1] * x[1] + 1.0; });
      CmaEs resumed(options, Eigen::VectorXd::Ones(3), {});
      ASSERT_NO_THROW(resumed.restore(optimizer.save())) << g;
    }
  }
}

struct Corruption {
  std::string name;
  std::function<void(OptimizerState&)> spoil;
};

std::vector<Corruption> corruptions(bool is_full) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Corruption> cases = {
      {"wrong kind", [](auto& s) { s.kind = "random_search"; }},
      {"other covariance",
       [](auto& s) { s.kind = s.kind == "cma_es" ? "separable_cma_es" : "cma_es"; }},
      {"sigma zero", [](auto& s) { s.arrays["sigma"](0, 0) = 0.0; }},
      {"sigma negative", [](auto& s) { s.arrays["sigma"](0, 0) = -1.0; }},
      {"sigma infinite", [](auto& s) { s.arrays["sigma"](0, 0) = HUGE_VAL; }},
      {"variance negative",
       [](auto& s) {
         s.arrays["covariance"](1, 0) = 0.0;
         s.arrays["covariance"](0, 0) = -1.0;
       }},
      {"variance zero", [](auto& s) { s.arrays["covariance"](0, 0) = 0.0; }},
      {"generation negative", [](auto& s) { s.integers["generation"] = -1; }},
      {"generation without its history", [](auto& s) { s.integers["generation"] = 100; }},
      {"other population size", [](auto& s) { s.integers["population_size"] += 1; }},
      {"basis of the future", [](auto& s) { s.integers["decomposed_at"] = 1000; }},
      {"asked twice over", [](auto& s) { s.integers["is_asked"] = 2; }},
      {"flat before the start", [](auto& s) { s.integers["num_flat"] = -1; }},
      {"flat beyond the end", [](auto& s) { s.integers["num_flat"] = 1000; }},
      {"unknown stop reason", [](auto& s) { s.integers["stop_reason"] = 12; }},
  };
  std::vector<std::string> arrays = {"mean",       "p_sigma",     "p_c",         "sigma",
                                     "covariance", "recent_best", "sparse_best", "sparse_median"};
  if (is_full) {
    arrays.insert(arrays.end(), {"eigenvectors", "axis_lengths"});
    cases.push_back({"asymmetric", [](auto& s) { s.arrays["covariance"](0, 1) += 1e-3; }});
    cases.push_back({"indefinite", [](auto& s) {
                       s.arrays["covariance"](0, 1) = s.arrays["covariance"](1, 0) = 50.0;
                     }});
    cases.push_back({"not orthonormal", [](auto& s) { s.arrays["eigenvectors"] *= 1.001; }});
    cases.push_back({"axis negative", [](auto& s) { s.arrays["axis_lengths"](0, 0) = -1.0; }});
  }
  for (const auto& name : arrays) {
    cases.push_back({name + " missing", [=](auto& s) { s.arrays.erase(name); }});
    cases.push_back({name + " NaN", [=](auto& s) { s.arrays[name](0, 0) = kNan; }});
    cases.push_back({name + " too long", [=](auto& s) {
                       auto& a = s.arrays[name];
                       a.conservativeResize(a.rows() + 1, a.cols());
                       a.row(a.rows() - 1).setOnes();
                     }});
    cases.push_back({name + " too wide", [=](auto& s) {
                       auto& a = s.arrays[name];
                       a.conservativeResize(a.rows(), a.cols() + 1);
                       a.col(a.cols() - 1).setOnes();
                     }});
    cases.push_back({name + " empty", [=](auto& s) { s.arrays[name].resize(0, 0); }});
  }
  for (const std::string name : {"seed", "trial", "generation", "population_size", "is_asked",
                                 "decomposed_at", "num_flat", "stop_reason"}) {
    cases.push_back({name + " missing", [=](auto& s) { s.integers.erase(name); }});
  }
  return cases;
}

TEST(CmaEsState, RefusesCorruptStatesAndStaysAsItWas) {
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    const CmaEsOptions options{.covariance = covariance};
    CmaEs source(options, Eigen::VectorXd::Ones(4), {});
    for (int g = 0; g < 8; ++g) step(source, ellipsoid);
    CmaEs target(options, Eigen::VectorXd::Zero(4), {.seed = 9});
    step(target, ellipsoid);
    const auto population = target.ask().points;
    const auto before = target.save();
    for (const auto& corruption : corruptions(covariance == CovarianceKind::kFull)) {
      auto state = source.save();
      corruption.spoil(state);
      EXPECT_THROW(target.restore(state), Error) << corruption.name;
      ASSERT_EQ(target.save().arrays, before.arrays) << corruption.name;
      ASSERT_EQ(target.save().integers, before.integers) << corruption.name;
      ASSERT_EQ(target.ask().points, population) << corruption.name;
    }
    EXPECT_NO_THROW(target.restore(source.save()));
  }
}

TEST(CmaEsState, NamesTheEntryThatIsWrong) {
  CmaEs optimizer({}, Eigen::VectorXd::Ones(4), {});
  auto state = optimizer.save();
  state.arrays["p_c"].resize(3, 1);
  try {
    optimizer.restore(state);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'p_c': expected shape 4 x 1, found 3 x 1"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace bbprompt
