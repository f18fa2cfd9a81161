#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/optim/test_functions.hpp"

namespace bbprompt::testing {

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(std::uint64_t seed)>;

// Saves after each generation and within each, restores into an optimizer of another seed, and
// compares what is asked from there on, and the end, with the run that was never interrupted.
inline void expect_to_continue_bit_for_bit(const MakeOptimizer& make, const Function& function,
                                           int num_generations) {
  const auto whole = make(1);
  std::vector<Population> populations;
  std::vector<OptimizerState> between, within;
  for (int g = 0; g < num_generations; ++g) {
    between.push_back(whole->save());
    populations.push_back(whole->ask());
    within.push_back(whole->save());
    step(*whole, function);
  }
  const auto end = whole->save();
  const auto resume = [&](const OptimizerState& state, std::size_t from, bool is_asked) {
    const auto resumed = make(77);
    resumed->restore(state);
    for (std::size_t g = from; g < populations.size(); ++g) {
      if (!is_asked || g > from) {
        const Population asked = resumed->ask();
        ASSERT_EQ(asked.points, populations[g].points) << from << " " << g;
        ASSERT_EQ(asked.generation, populations[g].generation);
      }
      resumed->tell(evaluate(populations[g], function));
    }
    ASSERT_EQ(resumed->save().arrays, end.arrays) << from;
    ASSERT_EQ(resumed->save().integers, end.integers) << from;
    ASSERT_EQ(resumed->stop_reason(), whole->stop_reason());
    ASSERT_EQ(resumed->favourite(), whole->favourite());
    ASSERT_EQ(resumed->sample(3), whole->sample(3));
  };
  for (std::size_t g = 0; g < populations.size(); ++g) {
    resume(between[g], g, false);
    resume(within[g], g, true);
  }
}

// Every entry missing, and every array of another size or with NaN: refused without a change.
inline void expect_to_refuse_damage(const MakeOptimizer& make, const Function& function,
                                    int num_generations) {
  const auto source = make(1);
  for (int g = 0; g < num_generations; ++g) step(*source, function);
  const auto target = make(2);
  step(*target, function);
  const auto before = target->save();
  const auto sound = source->save();
  const auto refuse = [&](const OptimizerState& state, const std::string& name) {
    EXPECT_ANY_THROW(target->restore(state)) << name;
    ASSERT_EQ(target->save().arrays, before.arrays) << name;
    ASSERT_EQ(target->save().integers, before.integers) << name;
  };
  for (const auto& [name, values] : sound.arrays) {
    auto state = sound;
    state.arrays.erase(name);
    refuse(state, name + " missing");
    state.arrays[name] = Eigen::MatrixXd::Ones(values.rows() + 1, values.cols());
    refuse(state, name + " too long");
    if (values.size() == 0) continue;
    state.arrays[name] = values;
    state.arrays[name](0, 0) = std::nan("");
    refuse(state, name + " NaN");
  }
  for (const auto& [name, value] : sound.integers) {
    auto state = sound;
    state.integers.erase(name);
    refuse(state, name + " missing");
  }
  auto state = sound;
  state.kind = "other";
  refuse(state, "kind");
  EXPECT_NO_THROW(target->restore(sound));
}

}  // namespace bbprompt::testing
