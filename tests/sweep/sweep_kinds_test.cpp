#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/support.hpp"
#include "tests/sweep/plans.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::ids_of;
using testing::kSmallConfig;
using testing::kSmallTask;
using testing::names_of;

SweepPlan plan_of(const std::string& lines) { return testing::plan_of(kSmallConfig + lines); }

std::string error_of(const std::string& lines) { return testing::error_of(kSmallConfig + lines); }

TEST(Zip, ValuesOfAGroupGoTogetherAndGroupsAreCrossed) {
  const SweepPlan plan = plan_of(
      "sweep:\n"
      "  axes: {shard_size: [4, 8]}\n"
      "  zip:\n"
      "    - {prompt.length: [5, 10], prompt.soft.alpha: [0.5, 2]}\n"
      "    - {budget.evaluations: [100, 200], few_shot.max_test: [7, 9]}\n");
  EXPECT_THAT(names_of(plan),
              ElementsAre("soft shard_size=4 length=5 alpha=0.5 evaluations=100 max_test=7 s1",
                          "soft shard_size=4 length=5 alpha=0.5 evaluations=200 max_test=9 s1",
                          "soft shard_size=4 length=10 alpha=2 evaluations=100 max_test=7 s1",
                          "soft shard_size=4 length=10 alpha=2 evaluations=200 max_test=9 s1",
                          "soft shard_size=8 length=5 alpha=0.5 evaluations=100 max_test=7 s1",
                          "soft shard_size=8 length=5 alpha=0.5 evaluations=200 max_test=9 s1",
                          "soft shard_size=8 length=10 alpha=2 evaluations=100 max_test=7 s1",
                          "soft shard_size=8 length=10 alpha=2 evaluations=200 max_test=9 s1"));
  EXPECT_EQ(plan.trials.back().spec.prompt.length, 10);
  EXPECT_EQ(plan.trials.back().spec.few_shot.max_test, 9);
}

TEST(Zip, OneGroupMayStandAlone) {
  const std::string group = "{prompt.length: [5, 10], prompt.soft.alpha: [1, 2]}";
  EXPECT_EQ(ids_of(plan_of("sweep: {zip: " + group + "}\n")),
            ids_of(plan_of("sweep: {zip: [" + group + "]}\n")));
}

TEST(List, PointsSetWhatTheySayAndLeaveTheRest) {
  const SweepPlan plan = plan_of(
      "prompt: {length: 7}\n"
      "seeds: 2\n"
      "sweep:\n"
      "  list:\n"
      "    - {}\n"
      "    - {prompt.length: 3, objective: {kind: hinge}}\n"
      "    - {objective.margin: 4}\n");
  EXPECT_THAT(names_of(plan), ElementsAre("soft s1", "soft s2",
                                          "soft length=3 objective={kind: "
                                          "hinge} s1",
                                          "soft length=3 objective={kind: hinge} s2",
                                          "soft margin=4 s1", "soft margin=4 s2"));
  EXPECT_EQ(plan.trials[0].spec.prompt.length, 7);
  EXPECT_EQ(plan.trials[2].spec.objective.kind, ObjectiveKind::kHinge);
  EXPECT_EQ(plan.trials[4].spec.objective.margin, 4.0);
}

TEST(List, RefusesTwoTasksOfOneName) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "a.yaml", kSmallTask);
  testing::write_text(folder / "b.yaml", kSmallTask + "max_field_tokens: 7\n");
  testing::write_text(folder / "c.yaml",
                      "name: n\nmodel: {path: m}\nsweep: {axes: {task: [a.yaml, b.yaml]}}\n");
  try {
    (void)expand(load_config(folder / "c.yaml"));
    FAIL() << "both are called animals";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                ::testing::HasSubstr("called \"animals soft task=animals\"; give tasks"));
  }
}

TEST(Samples, AreOneAxisOfTheGrid) {
  const SweepPlan plan = plan_of(
      "seeds: 2\n"
      "sweep:\n"
      "  axes: {shard_size: [4, 8]}\n"
      "  random:\n"
      "    num_points: 5\n"
      "    space: {prompt.length: {integer: [1, 500]}, objective.kind: {choice: [hinge, "
      "error_rate]}}\n"
      "  quasi_random:\n"
      "    num_points: 3\n"
      "    space: {prompt.soft.alpha: {log_uniform: [0.1, 10]}}\n"
      "  variants: {a: {}, b: {prompt.soft.dimension: 20}}\n");
  EXPECT_EQ(plan.trials.size(), 2U * 2U * 5U * 3U * 2U);
  std::set<std::string> points;
  for (const auto& trial : plan.trials) {
    ASSERT_EQ(trial.axis_values.size(), 4U);
    EXPECT_EQ(trial.axis_values[1].first, "prompt.length");
    EXPECT_EQ(trial.axis_values[1].second, std::to_string(trial.spec.prompt.length));
    EXPECT_EQ(trial.axis_values[3].first, "prompt.soft.alpha");
    EXPECT_EQ(std::stod(trial.axis_values[3].second), trial.spec.prompt.soft.alpha);
    points.insert(trial.axis_values[1].second + trial.axis_values[2].second);
  }
  EXPECT_EQ(points.size(), 5U);
}

TEST(Samples, TasksAreChosenByTheirFiles) {
  const testing::TemporaryFolder folder;
  std::string other = kSmallTask;
  other.replace(other.find("animals"), 7, "moods");
  testing::write_text(folder / "a.yaml", kSmallTask);
  testing::write_text(folder / "b.yaml", other);
  const std::string start = "name: n\nmodel: {path: m}\ntask: a.yaml\nsweep:\n  ";
  for (const std::string sweep :
       {"random: {num_points: 2, space: {task: {choice: [a.yaml, b.yaml]}}}",
        "zip: {task: [a.yaml, b.yaml], shard_size: [3, 4]}",
        "list: [{task: a.yaml}, {task: b.yaml, shard_size: 4}]"}) {
    testing::write_text(folder / "c.yaml", start + sweep + "\n");
    const SweepPlan plan = expand(load_config(folder / "c.yaml"));
    std::set<std::string> tasks;
    for (const auto& trial : plan.trials) tasks.insert(trial.axis_values[0].second);
    EXPECT_THAT(tasks, ElementsAre("animals", "moods")) << sweep;
    const SweepPlan again = expand(parse_config(plan.config_resolved, folder.path(), "resolved"));
    EXPECT_EQ(again.config_hash, plan.config_hash) << sweep;
  }
}

// Each pair is a sweep and one that grew from it.
TEST(Ids, StayWhenASweepGrows) {
  const std::pair<std::string, std::string> kPairs[] = {
      {"zip: {prompt.length: [5, 10], shard_size: [4, 8]}",
       "zip: {prompt.length: [2, 10, 5], shard_size: [2, 8, 4]}"},
      {"list: [{prompt.length: 3}]",
       "list: [{prompt.length: 2, shard_size: 4}, {prompt.length: 3}]"},
      {"random: {num_points: 4, space: {prompt.soft.alpha: {uniform: [0.1, 1]}}}",
       "random: {num_points: 9, space: {prompt.soft.alpha: {uniform: [0.1, 1]}}}"},
      {"quasi_random: {num_points: 4, seed: 3, space: {prompt.length: {integer: [1, 9]}}}",
       "quasi_random: {num_points: 7, seed: 3, space: {prompt.length: {integer: [1, 9]}}}"},
      {"axes: {prompt.length: [5, 10]}\n  exclude: [{prompt.length: 5}]",
       "axes: {prompt.length: [10, 7]}\n  variants: {soft: {}, b: {shard_size: 3}}\nseeds: 3"},
      {"axes: {prompt.length: [5, 10]}\n  overrides: [{when: {prompt.length: 5}, set: {shard_size: "
       "4}}]",
       "axes: {prompt.length: [5, 10, 20]}\n  overrides: [{when: {prompt.length: {max: 8}}, set: "
       "{shard_size: 4}}]"},
  };
  for (const auto& [small, large] : kPairs) {
    const auto few = ids_of(plan_of("sweep:\n  " + small + "\n"));
    const auto more = ids_of(plan_of("sweep:\n  " + large + "\n"));
    EXPECT_LT(few.size(), more.size()) << small;
    EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end())) << large;
  }
}

TEST(Ids, DoNotTellHowAPointCameAbout) {
  const auto expected = ids_of(plan_of("sweep: {axes: {prompt.length: [3, 4]}}\n"));
  for (const std::string sweep :
       {"zip: {prompt.length: [3, 4]}", "list: [{prompt.length: 4}, {prompt.length: 3}]",
        "random: {num_points: 2, space: {prompt.length: {integer: [3, 4]}}}",
        "axes: {prompt.length: [2, 3, 4]}\n  exclude: [{prompt.length: 2}]"}) {
    EXPECT_EQ(ids_of(plan_of("sweep:\n  " + sweep + "\n")), expected) << sweep;
  }
}

TEST(ResolvedConfiguration, ExpandsToTheSamePlanForEveryKind) {
  const std::string lines =
      "seeds: [3, 4]\n"
      "sweep:\n"
      "  axes: {prompt.length: [1, 2]}\n"
      "  zip: {shard_size: [4, 8], objective: [{kind: hinge, margin: 1.50}, {kind: error_rate}]}\n"
      "  list: [{}, {few_shot.max_test: 5}]\n"
      "  random: {num_points: 6, space: {prompt.soft.alpha: {uniform: [0.10, 1e0]}}}\n"
      "  quasi_random: {num_points: 2, seed: 4, space: {prompt.soft.dimension: {choice: [5, 6]}}}\n"
      "  variants: {a: {}, b: {selection.every: 2}}\n"
      "  variations: [{when: {seed: 3, variant: b}, values: {prompt.soft.mode: [concatenate]}},\n"
      "               {values: {selection.every: [2, 3]}}]\n"
      "  overrides: [{when: {variant: a, prompt.length: [1, 2]}, set: {budget.evaluations: 10}}]\n"
      "  exclude: [{seed: 4, variant: b}, {prompt.soft.alpha: {max: 0.60}, task: animals}]\n"
      "  include: [{prompt.length: {min: 1.0, max: 7}}]\n";
  const SweepPlan plan = plan_of(lines);
  const SweepPlan again = expand(parse_config(plan.config_resolved, "f", "resolved"));
  EXPECT_EQ(again.config_resolved, plan.config_resolved);
  EXPECT_EQ(again.config_hash, plan.config_hash);
  EXPECT_EQ(names_of(again), names_of(plan));
}

constexpr auto* kFilterBase =
    "seeds: [1, 2]\n"
    "sweep:\n"
    "  axes: {prompt.length: [1, 2]}\n"
    "  variants: {a: {}, b: {prompt.soft.alpha: 3}}\n";

TEST(Filters, LeaveOutAndKeepWhatTheySay) {
  const std::vector<std::string> all = {"a length=1 s1", "a length=1 s2", "a length=2 s1",
                                        "a length=2 s2", "b length=1 s1", "b length=1 s2",
                                        "b length=2 s1", "b length=2 s2"};
  struct Case {
    std::string filters;
    std::vector<std::size_t> kept;  // places in `all`
  };
  const Case kCases[] = {
      {"exclude: [{variant: a}]", {4, 5, 6, 7}},
      {"exclude: [{variant: a, seed: 2}]", {0, 2, 4, 5, 6, 7}},
      {"exclude: [{variant: a, prompt.length: 2}, {variant: b, seed: [2]}]", {0, 1, 4, 6}},
      {"exclude: [{prompt.length: {min: 2}}]", {0, 1, 4, 5}},
      {"exclude: [{prompt.soft.alpha: {min: 1.5, max: 3}}]", {0, 1, 2, 3}},
      {"exclude: [{seed: {max: 1}}]", {1, 3, 5, 7}},
      {"include: [{seed: 1}]", {0, 2, 4, 6}},
      {"include: [{prompt.length: [1, 9], variant: a}, {variant: b, seed: 2}]", {0, 1, 5, 7}},
      {"include: [{variant: [a, b]}]\n  exclude: [{task: animals, seed: 1}]", {1, 3, 5, 7}},
      {"exclude: [{prompt.soft.alpha: 3.0, shard_size: 32}]", {0, 1, 2, 3}},
  };
  for (const auto& [filters, kept] : kCases) {
    std::vector<std::string> expected;
    expected.reserve(kept.size());
    for (const auto place : kept) expected.push_back(all[place]);
    EXPECT_THAT(names_of(plan_of(kFilterBase + ("  " + filters) + "\n")),
                ElementsAreArray(expected))
        << filters;
  }
}

// cat_cma has no use for soft prompts, which is an error unless a filter takes them out.
TEST(Filters, TakeOutCombinationsThatMakeNoSense) {
  const std::string lines =
      "prompt: {discrete: {relaxation: index}}\n"
      "sweep:\n"
      "  axes: {prompt.kind: [soft, discrete], optimizer.kind: [cma_es, cat_cma]}\n";
  EXPECT_NE(error_of(lines).find("optimizer chooses among categories"), std::string::npos);
  EXPECT_EQ(
      plan_of(lines + "  exclude: [{prompt.kind: soft, optimizer.kind: cat_cma}]\n").trials.size(),
      3U);
}

TEST(Overrides, SetFurtherKeysWhereTheirConditionHolds) {
  const SweepPlan plan = plan_of(
      "budget: {evaluations: 50}\n"
      "sweep:\n"
      "  axes: {prompt.length: [1, 2, 9]}\n"
      "  variants: {a: {few_shot.max_test: 3}, b: {}}\n"
      "  overrides:\n"
      "    - {when: {prompt.length: {min: 2}}, set: {budget.evaluations: 70}}\n"
      "    - {when: {variant: a, prompt.length: 9}, set: {few_shot.max_test: 4, objective: "
      "{margin: "
      "3}}}\n");
  std::vector<std::string> found;
  for (const auto& trial : plan.trials) {
    found.push_back(std::to_string(trial.spec.budget.evaluations) + ' ' +
                    std::to_string(trial.spec.few_shot.max_test) + ' ' +
                    std::to_string(static_cast<int>(trial.spec.objective.margin)));
  }
  EXPECT_THAT(found, ElementsAre("50 3 2", "70 3 2", "70 4 3", "50 0 2", "70 0 2", "70 0 2"));
  EXPECT_EQ(plan.trials[2].axis_values.size(), 1U);
}

TEST(Overrides, LookAtTheFileAndFiltersAtWhatRuns) {
  const SweepPlan plan = plan_of(
      "sweep:\n"
      "  axes: {prompt.length: [1, 2]}\n"
      "  overrides:\n"
      "    - {when: {prompt.length: 1}, set: {shard_size: 4}}\n"
      "    - {when: {shard_size: 32}, set: {budget.evaluations: 7}}\n"
      "  exclude: [{shard_size: 32}]\n");
  ASSERT_EQ(plan.trials.size(), 1U);
  EXPECT_EQ(plan.trials[0].spec.shard_size, 4);
  EXPECT_EQ(plan.trials[0].spec.budget.evaluations, 7);
}

TEST(Sweep, ErrorsSayWhereAndWhatInstead) {
  struct Case {
    std::string sweep;  // from line 10 on
    std::string error;
  };
  const std::string base =
      "axes: {prompt.length: [1, 2]}\n  variants: {a: {}, b: {shard_size: 3}}\n  ";
  const Case kCases[] = {
      {base + "exclude: [{variant: c}]",
       "c.yaml:12:14: sweep.exclude: matches no trial: \"variant\" is never so; the sweep has a, "
       "b"},
      {base + "exclude: [{prompt.length: 3, variant: a}]",
       "c.yaml:12:14: sweep.exclude: matches no trial: \"prompt.length\" is never so; the sweep "
       "has "
       "1, 2"},
      {base + "include: [{seed: 1}, {task: plants}]",
       "c.yaml:12:25: sweep.include: matches no trial: \"task\" is never so; the sweep has "
       "animals"},
      {base + "exclude: [{variant: a, shard_size: 3}]",
       "c.yaml:12:13: sweep.exclude: matches no trial: its parts never hold for one trial "
       "together"},
      {base + "overrides: [{when: {prompt.length: {min: 5}}, set: {budget.queries: 1}}]",
       "c.yaml:12:23: sweep.overrides.when: matches no trial: \"prompt.length\" is never so; the "
       "sweep has 1, 2"},
      {base + "overrides: [{when: {seed: 1}, set: {budget.queries: 1}}]",
       "c.yaml:12:23: seed: an override cannot look at the seed: it holds for all seeds of a "
       "configuration"},
      {base + "overrides: [{when: {variant: a}, set: {prompt.length: 3}}]",
       "c.yaml:12:42: prompt.length: an override sets a key that axis prompt.length also sets "
       "(prompt.length)"},
      {base + "overrides: [{when: {variant: a}, set: {budget: {queries: 1}}}, {when: "
              "{prompt.length: 1}, set: {budget.queries: 2}}]",
       "c.yaml:12:99: budget.queries: two of sweep.overrides set it for one trial (budget in line "
       "12); change their conditions so that only one holds"},
      {base + "exclude: [{prompt.length: {min: 1}}]",
       "c.yaml:10:3: sweep: expected at least one trial, found none: exclude and include leave all "
       "out"},
      {"random: {num_points: 3, space: {prompt.length: {integer: [1, 2]}}}",
       "c.yaml:10:51: sweep: expected a space of 3 different points, found 2; ask for fewer "
       "num_points, or list them as axes"},
      {"axes: {prompt.length: [1, 2], shard_size: [1, 2]}\n  random: {num_points: 30000, space: "
       "{prompt.soft.alpha: {uniform: [1, 2]}}}",
       "c.yaml:10:3: sweep: expected at most 100000 trials, found more; sweep fewer values or "
       "seeds"},
      {base + "variations: [{when: {variant: c}, values: {shard_size: [1]}}]",
       "c.yaml:12:24: sweep.variations.when: matches no trial: \"variant\" is never so; the sweep "
       "has a, b"},
      {base + "variations: [{values: {shard_size: [1, 1.0]}}]",
       "c.yaml:12:42: shard_size: expected an integer from 1 to 1000000, found \"1.0\""},
      {base + "variations: [{values: {shard_size: [3, 3]}}]",
       "c.yaml:10:3: sweep: two trials are equal (animals-a-s1-HASH); each must differ from the "
       "others in task, method, seed or a setting"},
      {"list: [{prompt.length: 3}, {prompt: {length: 3}}]",
       "c.yaml:10:3: sweep: two trials are equal (animals-soft-s1-HASH); each must differ from the "
       "others in task, method, seed or a setting"},
  };
  for (auto [sweep, error] : kCases) {
    std::string found = error_of("sweep:\n  " + sweep + "\n");
    if (const auto at = found.find("s1-"); at != std::string::npos)
      found.replace(at + 3, 8, "HASH");
    EXPECT_EQ(found, error) << sweep;
  }
}

TEST(Sweep, ManyTrialsExpand) {
  const SweepPlan plan = plan_of(
      "seeds: 50\n"
      "sweep: {random: {num_points: 200, space: {prompt.soft.alpha: {uniform: [1, 2]}}}}\n");
  EXPECT_EQ(ids_of(plan).size(), 10000U);
}

}  // namespace
}  // namespace bbprompt
