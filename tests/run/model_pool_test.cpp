#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/transfer.hpp"
#include "bbprompt/run/trial_context.hpp"
#include "bbprompt/run/worker_run.hpp"
#include "tests/run/small_experiment.hpp"

namespace bbprompt {
namespace {

// Copies of the quickstart's model, which the pool takes for different ones.
class ModelPoolTest : public ::testing::Test {
 protected:
  ModelOptions copy(const std::string& name) {
    const auto source = testing::small_experiment().model.path;
    std::filesystem::copy(source, folder_ / name, std::filesystem::copy_options::recursive);
    return {.path = folder_ / name};
  }

  testing::TemporaryFolder folder_;
  ModelPool pool_;
};

TEST_F(ModelPoolTest, AModelTakesTheBytesOfItsWeightsFiles) {
  const auto model = copy("a");
  const auto size = std::filesystem::file_size(folder_ / "a/model.safetensors");
  EXPECT_EQ(model_bytes(model), static_cast<std::int64_t>(size));
  EXPECT_EQ(model_bytes({.path = folder_ / "nothing"}), 0);
}

TEST_F(ModelPoolTest, UnloadsTheLeastRecentlyUsedWhenTheLimitWouldBeExceeded) {
  const std::vector<ModelOptions> models = {copy("a"), copy("b"), copy("c")};
  std::vector<const Replica*> unloaded;
  pool_.on_unload([&](const Replica& model) { unloaded.push_back(&model); });
  pool_.set_max_bytes(2 * model_bytes(models[0]));
  const Replica* a = &pool_.get(models[0]);
  const Replica* b = &pool_.get(models[1]);
  EXPECT_EQ(&pool_.get(models[0]), a);
  EXPECT_TRUE(unloaded.empty());
  (void)pool_.get(models[2]);
  EXPECT_EQ(unloaded, std::vector<const Replica*>{b});
  EXPECT_EQ(pool_.size(), 2U);
}

TEST_F(ModelPoolTest, WithoutALimitKeepsAllAndBelowOneModelKeepsOne) {
  const std::vector<ModelOptions> models = {copy("a"), copy("b")};
  for (const ModelOptions& model : models) (void)pool_.get(model);
  EXPECT_EQ(pool_.size(), 2U);
  ModelPool small;
  small.set_max_bytes(1);
  for (const ModelOptions& model : models) {
    (void)small.get(model);
    EXPECT_EQ(small.size(), 1U);
  }
}

TEST_F(ModelPoolTest, AWorkerWithRoomForOneModelAnswersForTwoTheSameBits) {
  const std::vector<std::string> settings = {
      "seeds=[1]",
      "sweep.axes.model.path=[" + copy("a").path.string() + ", " + copy("b").path.string() + "]"};
  const auto plan =
      load_plan(testing::source_folder() / "configs/quickstart/quickstart.yaml", settings);
  std::vector<WorkResult> answers;
  for (const std::int64_t limit : {std::int64_t{0}, std::int64_t{1}}) {
    ModelPool pool;
    pool.set_max_bytes(limit);
    WorkerRun worker(pool);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < plan.trials.size(); ++i) {
        const auto trial = static_cast<std::int32_t>(i);
        const auto ignore = [](const Bytes&) {};
        worker.handle(encode(TrialMessage{.trial = trial,
                                          .resolved_yaml = plan.trials[i].resolved_yaml,
                                          .folder = plan.folder.string(),
                                          .data_folder = plan.data_folder.string()}),
                      ignore);
        worker.handle(encode(ItemMessage{.item = {.id = i,
                                                  .trial = trial,
                                                  .begin = 0,
                                                  .end = 4,
                                                  .kind = WorkItem::Kind::kManual,
                                                  .point = {},
                                                  .attempt = 2}}),
                      [&](const Bytes& answer) {
                        answers.push_back(std::get<ResultMessage>(decode(answer)).result);
                      });
      }
    }
    EXPECT_EQ(pool.size(), limit == 0 ? 2U : 1U);
  }
  const std::size_t half = answers.size() / 2;
  ASSERT_GT(half, 0U);
  for (std::size_t i = 0; i < half; ++i) {
    EXPECT_TRUE(answers[i].ok()) << answers[i].error;
    EXPECT_EQ(answers[i].attempt, 2);
    EXPECT_EQ(answers[i].label_scores, answers[half + i].label_scores);
  }
}

}  // namespace
}  // namespace bbprompt
