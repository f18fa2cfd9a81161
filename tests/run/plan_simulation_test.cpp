#include "bbprompt/run/plan_simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "tests/run/small_experiment.hpp"

namespace bbprompt {
namespace {

// One second a query.
double by_queries(const WorkItem& item) { return static_cast<double>(item.end - item.begin); }

// 0.5 to 1.5 seconds by the item alone.
double by_item(const WorkItem& item) {
  RandomStream stream({.seed = 7,
                       .trial = static_cast<std::uint64_t>(item.trial),
                       .generation = static_cast<std::uint64_t>(item.group),
                       .purpose = "test"},
                      static_cast<std::uint64_t>(item.member * 64 + item.begin) * 4);
  return 0.5 + stream.uniform();
}

SimulatedRun simulate(const std::vector<TrialShape>& trials, int num_workers,
                      double (*seconds_of)(const WorkItem&) = by_queries, double between = 0.0) {
  return simulate_run(
      {.trials = trials, .seconds_of = seconds_of, .seconds_between_items = between}, num_workers);
}

// How long the items of each of a trial's groups take.
std::vector<std::vector<double>> durations(const TrialShape& shape, std::int32_t trial,
                                           double (*seconds_of)(const WorkItem&)) {
  std::vector<std::vector<double>> groups;
  for (std::int64_t g = 0; g < shape.num_groups(); ++g) {
    const EvaluationGroup group(shape.group(g), {.shard_size = shape.shard_size, .num_labels = 0});
    auto& seconds = groups.emplace_back();
    for (const WorkItem& item : group.items(trial, g, 0)) seconds.push_back(seconds_of(item));
  }
  return groups;
}

// A trial without a search: one written prompt on dev, then on train and test.
TrialShape written_prompt() {
  return {.num_train = 4,
          .num_dev = 3,
          .num_test = 8,
          .shard_size = 4,
          .num_fixed = 1,
          .is_manual_scored = false};
}

struct HandCase {
  std::string name;
  std::vector<TrialShape> trials;
  int num_workers;
  double between;
  double wall;
  double busy;
};

// Worked out with pencil and paper.
std::vector<HandCase> hand_cases() {
  const TrialShape written = written_prompt();
  TrialShape search = written;
  search.num_fixed = 0;
  search.population_size = 3;
  search.num_generations = 1;
  return {
      // dev 3, then train 4 and test 4 + 4
      {"one_worker", {written}, 1, 0.0, 3 + 4 + 4 + 4, 15},
      // dev 3; then 4 | 4, and 4 on the first one free
      {"two_workers", {written}, 2, 0.0, 3 + 4 + 4, 15},
      {"three_workers", {written}, 3, 0.0, 3 + 4, 15},
      {"more_workers_than_items", {written}, 50, 0.0, 3 + 4, 15},
      {"time_between_items", {written}, 1, 0.5, 15 + 4 * 0.5, 15},
      // 4 4 | 4; then dev 3 | 3; then train 4, test 4 | 4
      {"one_generation", {search}, 2, 0.0, 8 + 3 + 8, 12 + 6 + 12},
      {"one_generation_wide", {search}, 3, 0.0, 4 + 3 + 4, 30},
      // Both trials are out: 3 | 3, then six items of 4 on two workers.
      {"two_trials", {written, written}, 2, 0.0, 3 + 3 * 4, 30},
  };
}

TEST(SimulateRun, AgreesWithCasesWorkedOutByHand) {
  for (const HandCase& hand : hand_cases()) {
    const SimulatedRun run = simulate(hand.trials, hand.num_workers, by_queries, hand.between);
    EXPECT_DOUBLE_EQ(run.wall_seconds, hand.wall) << hand.name;
    EXPECT_DOUBLE_EQ(run.busy_seconds, hand.busy) << hand.name;
    EXPECT_DOUBLE_EQ(run.busy_share(), hand.busy / (hand.wall * hand.num_workers)) << hand.name;
  }
  EXPECT_EQ(simulate({written_prompt()}, 50).num_unused, 47);
}

TEST(SimulateRun, AWorkerOfSeveralSlotsIsAtSeveralItems) {
  const std::vector<TrialShape> trials = {written_prompt()};
  const auto with_slots = [&](int slots) {
    return simulate_run({.trials = trials, .seconds_of = by_queries, .slots = slots}, 1);
  };
  EXPECT_DOUBLE_EQ(with_slots(1).wall_seconds, 3 + 4 + 4 + 4);
  const SimulatedRun two = with_slots(2);
  EXPECT_DOUBLE_EQ(two.wall_seconds, 3 + 4 + 4);
  EXPECT_DOUBLE_EQ(two.busy_seconds, 15);
  EXPECT_DOUBLE_EQ(two.busy_share(), 15.0 / (2 * 11));
  EXPECT_DOUBLE_EQ(with_slots(3).wall_seconds, 3 + 4);
  EXPECT_EQ(with_slots(64).num_unused, 0);
}

std::vector<TrialShape> mixed_sweep() {
  std::vector<TrialShape> trials;
  for (std::int64_t i = 0; i < 9; ++i) {
    trials.push_back({.num_train = 16 + i,
                      .num_dev = 10,
                      .num_test = 40,
                      .shard_size = 8,
                      .population_size = 4 + i % 3,
                      .num_generations = 3 + i % 4,
                      .selection_every = 1 + i % 2,
                      .is_calibrated = i % 2 == 1});
  }
  trials.push_back(written_prompt());
  return trials;
}

TEST(SimulateRun, LiesBetweenTheBoundsOfAnyGoodSchedule) {
  const std::vector<TrialShape> trials = mixed_sweep();
  double sum = 0.0;
  double longest_chain = 0.0;
  std::int64_t num_items = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    double chain = 0.0;
    for (const auto& group : durations(trials[i], static_cast<std::int32_t>(i), by_item)) {
      sum += std::accumulate(group.begin(), group.end(), 0.0);
      chain += *std::max_element(group.begin(), group.end());
      num_items += static_cast<std::int64_t>(group.size());
    }
    longest_chain = std::max(longest_chain, chain);
  }
  for (const int num_workers : {1, 2, 3, 5, 8, 13, 40, 1000}) {
    const SimulatedRun run = simulate(trials, num_workers, by_item);
    EXPECT_EQ(run.num_items, num_items);
    EXPECT_NEAR(run.busy_seconds, sum, 1e-9 * sum);
    EXPECT_GE(run.wall_seconds, (1.0 - 1e-12) * std::max(sum / num_workers, longest_chain));
    // Graham's bound for schedules that leave no worker idle while an item waits.
    EXPECT_LE(run.wall_seconds, sum / num_workers + longest_chain) << num_workers;
  }
  EXPECT_NEAR(simulate(trials, 1, by_item).wall_seconds, sum, 1e-9 * sum);
  EXPECT_NEAR(simulate(trials, 1000, by_item).wall_seconds, longest_chain, 1e-9 * longest_chain);
}

TEST(SimulateRun, GivesTheSameBitsEachTime) {
  const SimulatedRun first = simulate(mixed_sweep(), 7, by_item);
  const SimulatedRun second = simulate(mixed_sweep(), 7, by_item);
  EXPECT_EQ(first.wall_seconds, second.wall_seconds);
  EXPECT_EQ(first.busy_seconds, second.busy_seconds);
}

TEST(SimulateRun, RefusesARunWithoutWorkers) {
  EXPECT_THROW((void)simulate({written_prompt()}, 0), Error);
}

TEST(MostBusyWorkers, FindsWhereIdleTimeReachesTheLimit) {
  // Up to 40 workers are busy all the time.
  const auto run_of = [](int num_workers) {
    return SimulatedRun{.num_workers = num_workers,
                        .wall_seconds = 1.0 / std::min(num_workers, 40),
                        .busy_seconds = 1.0};
  };
  EXPECT_EQ(most_busy_workers(run_of, 0.505, {.good = 64, .bad = 128}), 80);
  EXPECT_EQ(most_busy_workers(run_of, 1e-9, {.good = 1, .bad = 64}), 40);
}

TEST(NumWorkersOf, CountsAllRanksButTheMaster) {
  for (const auto& [ranks, workers] : {std::pair{1, 1}, {2, 1}, {3, 2}, {65, 64}})
    EXPECT_EQ(num_workers_of(ranks), workers);
  for (const auto& [workers, ranks] : {std::pair{1, 1}, {2, 3}, {64, 65}})
    EXPECT_EQ(num_ranks_of(workers), ranks);
}

using Counts = std::map<std::tuple<Split, bool>, std::int64_t>;

Counts counts_of(const std::vector<WorkItem>& items) {
  Counts counts;
  for (const WorkItem& item : items)
    counts[{item.split, item.kind == WorkItem::Kind::kManual}] += item.end - item.begin;
  return counts;
}

struct ShapeCase {
  std::string name;
  void (*change)(ExperimentSpec& spec);
};

const ShapeCase kShapeCases[] = {
    {"soft", [](ExperimentSpec&) {}},
    {"calibrated", [](ExperimentSpec& spec) { spec.scoring.calibration = Calibration::kFewShot; }},
    {"rare selection", [](ExperimentSpec& spec) { spec.selection.every = 3; }},
    {"last one selected", [](ExperimentSpec& spec) { spec.selection.rule = SelectionRule::kLast; }},
    {"no manual scores", [](ExperimentSpec& spec) { spec.is_manual_scored = false; }},
    {"written prompt", [](ExperimentSpec& spec) { spec.prompt.kind = PromptKind::kManual; }},
    {"demonstrations",
     [](ExperimentSpec& spec) {
       spec.prompt.kind = PromptKind::kDemonstrations;
       spec.prompt.demonstrations = {.per_class = 1, .draws = 3};
     }},
};

// Scores without a model, the same for an item each time.
WorkResult fake_result(const WorkItem& item) {
  WorkResult result;
  result.id = item.id;
  RandomStream stream({.seed = 3,
                       .trial = static_cast<std::uint64_t>(item.member),
                       .generation = static_cast<std::uint64_t>(item.group),
                       .purpose = "fake"});
  for (std::int64_t i = 0; i < 2 * (item.end - item.begin); ++i)
    result.label_scores.push_back(stream.uniform());
  result.state = WorkResult::State::kScored;
  result.usage.num_queries = item.end - item.begin;
  return result;
}

TEST(TrialShapeTest, HasTheGroupsThatATrialAsksFor) {
  ModelPool models;
  for (const ShapeCase& shape_case : kShapeCases) {
    SCOPED_TRACE(shape_case.name);
    ExperimentSpec spec = testing::small_experiment();
    shape_case.change(spec);
    TrialProblem context(spec, models);
    TrialRun run({.id = "t", .method = "m", .resolved_yaml = "x: 1"}, context);
    const TrialShape shape = run.shape();
    std::int64_t num_groups = 0;
    std::int64_t num_queries = 0;
    std::int64_t num_dev_missing = 0;  // incumbents that were assumed, and were no new ones
    for (; !run.is_finished(); ++num_groups) {
      EvaluationGroup group = run.next_group();
      const auto items = group.items(0, num_groups, 0);
      const EvaluationGroup planned(shape.group(num_groups),
                                    {.shard_size = shape.shard_size, .num_labels = 2});
      const auto planned_items = planned.items(0, num_groups, 0);
      Counts counts = counts_of(items);
      Counts planned_counts = counts_of(planned_items);
      // How often an incumbent is a new one is assumed; all else is known.
      const std::tuple dev{Split::kDev, false};
      num_dev_missing += planned_counts[dev] - counts[dev];
      planned_counts[dev] = counts[dev];
      EXPECT_EQ(counts, planned_counts) << "group " << num_groups;
      for (const WorkItem& item : items) {
        group.settle(item, fake_result(item));
        num_queries += item.end - item.begin;
      }
      run.absorb(group, 1.0);
    }
    EXPECT_EQ(run.record().state, TrialState::kDone) << run.record().failure;
    EXPECT_EQ(num_groups, shape.num_groups());
    EXPECT_EQ(num_queries, shape.num_queries() - num_dev_missing);
    EXPECT_LE(std::abs(num_dev_missing), shape.num_generations * shape.num_dev / 2 + shape.num_dev);
  }
}

}  // namespace
}  // namespace bbprompt
