#include "bbprompt/run/worker_run.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/transfer.hpp"
#include "tests/run/small_experiment.hpp"

namespace bbprompt {
namespace {

TEST(WorkerRunTest, WithRoomForOneModelAnswersForTwoTheSameBits) {
  // Two copies of the quickstart's model, which the pool takes for different ones.
  const testing::TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    std::filesystem::copy(testing::small_experiment().model.path, folder / name,
                          std::filesystem::copy_options::recursive);
  }
  const std::vector<std::string> settings = {
      "seeds=[1]",
      "sweep.axes.model.path=[" + (folder / "a").string() + ", " + (folder / "b").string() + "]"};
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
        const auto keep = [&](const Bytes& answer) {
          answers.push_back(std::get<ResultMessage>(decode(answer)).result);
        };
        worker.handle(encode(TrialMessage{.trial = trial,
                                          .resolved_yaml = plan.trials[i].resolved_yaml,
                                          .folder = plan.folder.string(),
                                          .data_folder = plan.data_folder.string()}),
                      keep);
        worker.handle(encode(ItemMessage{.item = {.id = i,
                                                  .trial = trial,
                                                  .begin = 0,
                                                  .end = 4,
                                                  .kind = WorkItem::Kind::kManual,
                                                  .point = {},
                                                  .attempt = 2}}),
                      keep);
        while (worker.is_busy()) worker.finish(1.0, keep);
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
