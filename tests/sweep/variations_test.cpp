#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "bbprompt/sweep/sweep_plan.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/support.hpp"
#include "tests/sweep/plans.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using testing::ids_of;
using testing::kSmallConfig;
using testing::names_of;

SweepPlan varied_plan(const std::string& lines) { return testing::plan_of(kSmallConfig + lines); }

constexpr auto* kVariations =
    "seeds: [1, 2]\n"
    "prompt: {length: 5}\n"
    "sweep:\n"
    "  axes: {shard_size: [4, 8]}\n"
    "  variants: {a: {}, b: {few_shot.max_test: 9}}\n"
    "  variations:\n"
    "    - when: {variant: a, shard_size: 4}\n"
    "      values: {prompt.length: [1, 5, 10], objective.kind: [hinge]}\n"
    "    - when: {variant: b, seed: 2}\n"
    "      values: {few_shot.max_test: [7]}\n";

TEST(Variations, ChangeOneSettingAtATimeBesideTheirTrials) {
  const SweepPlan plan = varied_plan(kVariations);
  EXPECT_THAT(
      names_of(plan),
      ElementsAre("a shard_size=4 s1", "a shard_size=4 s2", "a shard_size=4 length=1 s1",
                  "a shard_size=4 length=1 s2", "a shard_size=4 length=10 s1",
                  "a shard_size=4 length=10 s2", "a shard_size=4 kind=hinge s1",
                  "a shard_size=4 kind=hinge s2", "a shard_size=8 s1", "a shard_size=8 s2",
                  "b shard_size=4 s1", "b shard_size=4 s2", "b shard_size=4 max_test=7 s2",
                  "b shard_size=8 s1", "b shard_size=8 s2", "b shard_size=8 max_test=7 s2"));
  EXPECT_EQ(plan.trials[4].spec.prompt.length, 10);
  EXPECT_EQ(plan.trials[4].spec.objective.kind, ObjectiveKind::kCrossEntropy);
  EXPECT_EQ(plan.trials[6].spec.prompt.length, 5);
  EXPECT_EQ(plan.trials[6].spec.objective.kind, ObjectiveKind::kHinge);
  EXPECT_EQ(plan.trials[12].spec.few_shot.max_test, 7);
}

TEST(Variations, OverridesAndFiltersLookAtThem) {
  const SweepPlan plan = varied_plan(
      "sweep:\n"
      "  variations: [{values: {prompt.length: [2, 3, 4]}}]\n"
      "  overrides: [{when: {prompt.length: 3}, set: {budget.evaluations: 7}}]\n"
      "  exclude: [{prompt.length: 2}, {prompt.length: 5}]\n");
  EXPECT_THAT(names_of(plan), ElementsAre("soft length=3 s1", "soft length=4 s1"));
  EXPECT_EQ(plan.trials[0].spec.budget.evaluations, 7);
}

TEST(Variations, LeaveTheFilesValueToBeSet) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "c.yaml", std::string(kSmallConfig) + kVariations);
  const std::string length = "prompt.length=10";
  const SweepPlan plan = expand(load_config(folder / "c.yaml", std::span(&length, 1)));
  ASSERT_EQ(plan.trials.size(), 16U);
  EXPECT_EQ(plan.trials[0].spec.prompt.length, 10);
  EXPECT_EQ(names_of(plan)[4], "a shard_size=4 length=5 s1");
  const std::string none = "sweep.variations=[]";
  EXPECT_EQ(expand(load_config(folder / "c.yaml", std::span(&none, 1))).trials.size(), 8U);
}

TEST(Variations, KeepTheIdsOfTheTrialsBesideThem) {
  const std::string without(kVariations, std::string(kVariations).find("  variations:"));
  const auto ids = ids_of(varied_plan(kVariations));
  for (const std::string& id : ids_of(varied_plan(without))) {
    EXPECT_EQ(ids.count(id), 1U) << id;
  }
}

}  // namespace
}  // namespace bbprompt
