// Whole runs, master and worker in this process, with language models made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/worker_run.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "tests/run/faulty_worker.hpp"
#include "tests/run/toy_model.hpp"

namespace bbprompt {
namespace {

using testing::factory_of;
using ::testing::HasSubstr;
using testing::ToyModel;

// Holds up to four requests and finishes the one that was started last.
class HastyModel : public ToyModel {
 public:
  HastyModel(std::shared_ptr<const ModelView> view, int* most)
      : ToyModel(std::move(view), {}), most_(most) {}
  [[nodiscard]] int slots() const override { return 4; }
  void start(ScoreRequest request) override {
    held_.push_back(std::move(request));
    *most_ = std::max(*most_, static_cast<int>(held_.size()));
  }
  [[nodiscard]] std::vector<FinishedScore> finish(double /*timeout_seconds*/) override {
    if (held_.empty()) return {};
    const ScoreRequest request = std::move(held_.back());
    held_.pop_back();
    return {{.id = request.id, .scores = score(request.queries, request.answers)}};
  }

 private:
  std::vector<ScoreRequest> held_;
  int* most_;
};

// Knows the scores of a query only when it is asked the second time, for one query in three.
class ForgetfulModel : public ToyModel {
 public:
  ForgetfulModel(std::shared_ptr<const ModelView> view, std::map<std::string, int>* asked)
      : ToyModel(std::move(view), {}), asked_(asked) {}
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override {
    AnswerScores result = ToyModel::score(queries, answers);
    result.states = AnswerScores::States::Constant(result.scores.rows(), result.scores.cols(),
                                                   ScoreState::kExact);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const std::string text = testing::text_of(queries[q]);
      const bool is_first = (*asked_)[text]++ == 0;
      if (!is_first || std::hash<std::string>{}(text) % 3 != 0) continue;
      result.states.row(static_cast<Eigen::Index>(q)).setConstant(ScoreState::kUnknown);
      result.scores.row(static_cast<Eigen::Index>(q)).setZero();
      result.why = "the server forgot it";
    }
    return result;
  }

 private:
  std::map<std::string, int>* asked_;
};

// Has hidden states of fixed scales, and counts how often they are read.
class LayeredModel : public ToyModel, public HiddenStates {
 public:
  LayeredModel(std::shared_ptr<const ModelView> view, int* num_read)
      : ToyModel(std::move(view), {}), num_read_(num_read) {}
  [[nodiscard]] HiddenStates* hidden_states() override { return this; }
  [[nodiscard]] LayerDeviations layer_deviations(std::span<const Query> queries) override {
    ++*num_read_;
    const auto num_inner = static_cast<std::size_t>(view().info().num_layers - 1);
    return {.deviations = std::vector<double>(num_inner, 0.5),
            .usage = {.num_queries = static_cast<std::int64_t>(queries.size()), .num_calls = 1}};
  }

 private:
  int* num_read_;
};

class WholeRunTest : public ::testing::Test {
 protected:
  struct Options {
    int slots = 1;
    int max_looks = 0;  // at whether to stop, until it is; 0: never
  };

  RunOutcome run(const SweepPlan& plan, const ModelFactory& factory, const std::string& name,
                 const Options& options) {
    ModelFactory with_slots = factory;
    with_slots.slots = [&options](const ModelOptions&) { return options.slots; };
    ModelPool master_models(with_slots);
    ModelPool worker_models(factory);
    WorkerRun worker(worker_models);
    LoopbackChannel channel(worker.in_this_process());
    const RunFolder folder(folder_ / name, plan);
    int num_looks = 0;
    MasterRun master(plan, folder, channel, master_models,
                     {.is_stop_requested =
                          [&] { return options.max_looks > 0 && ++num_looks > options.max_looks; },
                      .on_progress = {},
                      .info = testing::info_of(plan)});
    const RunOutcome outcome = master.run();
    EXPECT_EQ(master_models.size(), 0U) << "the master has loaded a model";
    return outcome;
  }

  RunOutcome run(const SweepPlan& plan, const ModelFactory& factory, const std::string& name) {
    return run(plan, factory, name, {});
  }

  [[nodiscard]] Results results(const std::string& name) const {
    return read_results(results_path(folder_ / name));
  }

  [[nodiscard]] std::vector<std::string> digests(const std::string& name) const {
    std::vector<std::string> digests;
    for (const TrialRecord& trial : results(name).trials) digests.push_back(digest(trial));
    return digests;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(WholeRunTest, EndsTheSameHoweverManyItemsAWorkerIsAtAndInWhatOrderItAnswers) {
  const auto plan = testing::small_plan();
  EXPECT_EQ(run(plan, factory_of<ToyModel>(ToyModel::Look{}), "one"), RunOutcome::kDone);
  int most = 0;
  EXPECT_EQ(run(plan, factory_of<HastyModel>(&most), "four", {.slots = 4}), RunOutcome::kDone);
  EXPECT_EQ(most, 4);
  EXPECT_EQ(digests("four"), digests("one"));
}

TEST_F(WholeRunTest, StoppedAnywhereAndStartedAgainItEndsTheSame) {
  const auto plan = testing::small_plan();
  const auto factory = factory_of<ToyModel>(ToyModel::Look{});
  EXPECT_EQ(run(plan, factory, "whole"), RunOutcome::kDone);
  for (const int step : {30, 100}) {
    const std::string name = "stopped-" + std::to_string(step);
    int num_starts = 1;
    while (run(plan, factory, name, {.max_looks = step}) == RunOutcome::kStopped)
      ASSERT_LT(++num_starts, 500);
    EXPECT_GT(num_starts, 2);
    EXPECT_EQ(digests(name), digests("whole")) << "stopped every " << step << " looks";
  }
}

TEST_F(WholeRunTest, ACandidateThatFailsIsTheWorstOrEndsItsTrialByThePolicy) {
  int num_left = 3;  // attempts of the first prompt that is asked of the reviews
  std::string broken;
  const ToyModel::Look look = [&](const std::string& text) {
    if (text.find('#') == std::string::npos) return;  // not a discrete prompt
    if (broken.empty()) broken = text;
    if (text == broken && num_left-- > 0) throw Error("out of order");
  };
  EXPECT_EQ(run(testing::small_plan(), factory_of<ToyModel>(look), "worst"), RunOutcome::kDone);
  std::int64_t num_failed = 0;
  for (const TrialRecord& trial : results("worst").trials)
    num_failed += trial.usage.at("search").num_failed;
  EXPECT_EQ(num_failed, 1);

  num_left = 3;
  broken.clear();
  const auto strict = testing::small_plan({"failures.policy=fail_trial"});
  EXPECT_EQ(run(strict, factory_of<ToyModel>(look), "strict"), RunOutcome::kFailed);
  const Results failed = results("strict");
  const auto bad = std::find_if(failed.trials.begin(), failed.trials.end(),
                                [](const TrialRecord& trial) { return !trial.failure.empty(); });
  ASSERT_NE(bad, failed.trials.end());
  EXPECT_THAT(bad->failure, HasSubstr("out of order"));

  // What made it fail is mended; it goes on and ends as the others.
  EXPECT_EQ(run(strict, factory_of<ToyModel>(ToyModel::Look{}), "strict"), RunOutcome::kDone);
}

TEST_F(WholeRunTest, AModelThatCanNeverAnswerFailsEveryTrialWithTheReason) {
  const ToyModel::Look look = [](const std::string&) { throw ModelError("toy", "no such layer"); };
  EXPECT_EQ(run(testing::small_plan(), factory_of<ToyModel>(look), "run"), RunOutcome::kFailed);
  for (const TrialRecord& trial : results("run").trials)
    EXPECT_THAT(trial.failure, HasSubstr("no such layer"));
}

TEST_F(WholeRunTest, AQueryWithoutAnAnswerDoesNotCostItsShard) {
  const auto plan = testing::small_plan();
  EXPECT_EQ(run(plan, factory_of<ToyModel>(ToyModel::Look{}), "whole"), RunOutcome::kDone);
  std::map<std::string, int> asked;
  EXPECT_EQ(run(plan, factory_of<ForgetfulModel>(&asked), "forgetful"), RunOutcome::kDone);
  const Results known = results("whole");
  const Results partly = results("forgetful");
  for (std::size_t i = 0; i < known.trials.size(); ++i) {
    const TrialRecord& a = known.trials[i];
    const TrialRecord& b = partly.trials[i];
    EXPECT_EQ(b.best.prompt.point, a.best.prompt.point);
    EXPECT_EQ(b.best.splits.at("test").loss, a.best.splits.at("test").loss);
    for (const char* purpose : {"search", "dev", "test"}) {
      const Usage& whole = a.usage.at(purpose).usage;
      const Usage& paid = b.usage.at(purpose).usage;
      // Only what was not known is asked again, so well below twice as much.
      EXPECT_GE(paid.num_queries, whole.num_queries);
      EXPECT_LT(paid.num_queries, whole.num_queries * 3 / 2 + 3) << purpose;
      EXPECT_EQ(b.usage.at(purpose).num_failed, 0);
    }
  }
}

TEST_F(WholeRunTest, TheLayersOfADeepPromptAreMeasuredOnceAndCounted) {
  const auto plan = testing::small_plan(
      {"sweep.variants={deep: {prompt: {kind: soft, soft: {layers: all, dimension: 4}}}}"});
  int num_read = 0;
  const auto factory = factory_of<LayeredModel>(&num_read);
  EXPECT_EQ(run(plan, factory, "whole"), RunOutcome::kDone);
  EXPECT_EQ(num_read, static_cast<int>(plan.trials.size()));
  for (const TrialRecord& trial : results("whole").trials) {
    const UsageRecord& search = trial.usage.at("search");
    const auto num_train = static_cast<std::int64_t>(trial.gold.at("train").size());
    EXPECT_EQ(search.usage.num_queries, (search.num_evaluations + 1) * num_train);
  }
  num_read = 0;
  int num_starts = 1;
  while (run(plan, factory, "stopped", {.max_looks = 25}) == RunOutcome::kStopped)
    ASSERT_LT(++num_starts, 500);
  EXPECT_GT(num_starts, 3);
  EXPECT_EQ(digests("stopped"), digests("whole"));
  // At most the trials whose measurement was under way at a stop were measured again.
  EXPECT_LT(num_read, 2 * static_cast<int>(plan.trials.size()) + 2);
}

}  // namespace
}  // namespace bbprompt
