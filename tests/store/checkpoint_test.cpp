#include "bbprompt/store/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/store/digest.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::read_text;
using testing::sample_checkpoint;
using testing::TemporaryFolder;
using testing::write_text;

Checkpoint checkpoint_at(std::int64_t generation) {
  Checkpoint checkpoint = sample_checkpoint();
  checkpoint.optimizer.integers["generation"] = generation;
  return checkpoint;
}

std::int64_t generation_of(const Checkpoint& checkpoint) {
  return checkpoint.optimizer.integers.at("generation");
}

// What is written to the log while it lives.
class LogCapture {
 public:
  LogCapture() : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)) {
    logger()->sinks().push_back(sink_);
  }
  ~LogCapture() { logger()->sinks().pop_back(); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_;
};

void damage(const std::filesystem::path& path) {
  std::string contents = read_text(path);
  contents[contents.size() / 2] ^= 0x10;
  write_text(path, contents);
}

std::string write_refusal(const Checkpoint& checkpoint) {
  const TemporaryFolder folder;
  try {
    write_checkpoint(folder / "x.h5", checkpoint);
  } catch (const StoreError& error) {
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    return error.what();
  }
  return "";
}

TEST(Checkpoint, ComesBackBitForBit) {
  const TemporaryFolder folder;
  const Checkpoint written = sample_checkpoint();
  write_checkpoint(folder / "x.checkpoint.h5", written);
  const Checkpoint read = read_checkpoint(folder / "x.checkpoint.h5");
  EXPECT_EQ(digest(read.record), digest(written.record));
  EXPECT_EQ(read.record.host, written.record.host);
  EXPECT_EQ(read.record.generations[1].seconds, 7.25);
  EXPECT_EQ(read.optimizer.kind, written.optimizer.kind);
  EXPECT_EQ(read.optimizer.integers, written.optimizer.integers);
  ASSERT_EQ(read.optimizer.arrays.size(), written.optimizer.arrays.size());
  for (const auto& [name, array] : written.optimizer.arrays) {
    ASSERT_EQ(read.optimizer.arrays.count(name), 1U) << name;
    const Eigen::MatrixXd& found = read.optimizer.arrays.at(name);
    ASSERT_EQ(found.rows(), array.rows()) << name;
    ASSERT_EQ(found.cols(), array.cols()) << name;
    EXPECT_TRUE(found == array) << name;
  }
  EXPECT_TRUE(read.selection_points == written.selection_points);
  EXPECT_EQ(read.selection_fitness, written.selection_fitness);
  EXPECT_EQ(read.selection_generation, written.selection_generation);
  EXPECT_EQ(read.selection_label_means.col(0), written.selection_label_means.col(0));
  EXPECT_TRUE(read.selection_label_means.col(1).array().isNaN().all());
  EXPECT_EQ(read.dev_prompts, written.dev_prompts);
  EXPECT_EQ(read.cache_prompts, written.cache_prompts);
  EXPECT_EQ(read.cache_losses, written.cache_losses);
  EXPECT_EQ(read.cache_label_means, written.cache_label_means);
  EXPECT_EQ(read.incumbent_label_means, written.incumbent_label_means);
  EXPECT_TRUE(read.incumbent == written.incumbent);
  EXPECT_EQ(read.incumbent_fitness, written.incumbent_fitness);
  EXPECT_EQ(read.version, written.version);
  EXPECT_EQ(read.open.fingerprint, "0pen");
  EXPECT_EQ(read.open.scores, written.open.scores);
  ASSERT_EQ(read.open.results.size(), 2U);
  EXPECT_EQ(read.open.results[0].begin, 16);
  EXPECT_EQ(read.open.results[0].usage.num_calls, 3);
  EXPECT_EQ(read.open.results[0].usage.num_tokens, 21);
  EXPECT_EQ(read.open.results[1].member, 5);
  EXPECT_EQ(read.open.results[1].usage.num_queries, 6);
  EXPECT_EQ(read.open.results[1].usage.num_truncated, 9);
}

TEST(Checkpoint, ComesBackWhenNothingHasHappenedYet) {
  const TemporaryFolder folder;
  Checkpoint fresh;
  fresh.record.id = "fresh";
  fresh.record.state = TrialState::kRunning;
  write_checkpoint(folder / "x.h5", fresh);
  const Checkpoint read = read_checkpoint(folder / "x.h5");
  EXPECT_EQ(read.incumbent.size(), 0);
  EXPECT_EQ(read.selection_points.size(), 0);
  EXPECT_TRUE(read.record.generations.empty());
  EXPECT_EQ(digest(read.record), digest(fresh.record));
}

TEST(Checkpoint, KeepsThePreviousOneBesideIt) {
  const TemporaryFolder folder;
  const auto path = folder / "t1.checkpoint.h5";
  EXPECT_EQ(previous_checkpoint_path(path), folder / "t1.checkpoint.previous.h5");
  EXPECT_FALSE(has_checkpoint(path));
  write_checkpoint(path, checkpoint_at(1));
  EXPECT_FALSE(std::filesystem::exists(previous_checkpoint_path(path)));
  for (std::int64_t generation = 2; generation <= 4; ++generation) {
    write_checkpoint(path, checkpoint_at(generation));
    EXPECT_EQ(generation_of(read_newest_checkpoint(path)), generation);
    EXPECT_EQ(generation_of(read_checkpoint(previous_checkpoint_path(path))), generation - 1);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
  EXPECT_TRUE(has_checkpoint(path));
  remove_checkpoint(path);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  remove_checkpoint(path);
}

TEST(Checkpoint, FallsBackToThePreviousOneWithAWarning) {
  const TemporaryFolder folder;
  const auto path = folder / "t1.checkpoint.h5";
  write_checkpoint(path, checkpoint_at(1));
  write_checkpoint(path, checkpoint_at(2));
  damage(path);
  const LogCapture log;
  EXPECT_EQ(generation_of(read_newest_checkpoint(path)), 1);
  EXPECT_THAT(log.text(), HasSubstr("going on from the previous checkpoint"));
  EXPECT_THAT(log.text(), HasSubstr("the contents changed since they were written"));
  std::filesystem::remove(path);
  EXPECT_EQ(generation_of(read_newest_checkpoint(path)), 1);
}

TEST(Checkpoint, NeverLetsADamagedOneTakeThePlaceOfTheGoodPrevious) {
  const TemporaryFolder folder;
  const auto path = folder / "t1.checkpoint.h5";
  write_checkpoint(path, checkpoint_at(1));
  write_checkpoint(path, checkpoint_at(2));
  damage(path);
  write_checkpoint(path, checkpoint_at(3));
  EXPECT_EQ(generation_of(read_checkpoint(path)), 3);
  EXPECT_EQ(generation_of(read_checkpoint(previous_checkpoint_path(path))), 1);
}

TEST(Checkpoint, GoesOnWhereARunWasKilledBetweenTheTwoRenames) {
  const TemporaryFolder folder;
  const auto path = folder / "t1.checkpoint.h5";
  write_checkpoint(path, checkpoint_at(1));
  write_checkpoint(path, checkpoint_at(2));
  // Killed there, both names mean one file.
  std::filesystem::remove(previous_checkpoint_path(path));
  std::filesystem::create_hard_link(path, previous_checkpoint_path(path));
  write_checkpoint(path, checkpoint_at(3));
  EXPECT_EQ(generation_of(read_checkpoint(path)), 3);
  EXPECT_EQ(generation_of(read_checkpoint(previous_checkpoint_path(path))), 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(Checkpoint, SaysWhatIsWrongWithBothWhenNeitherCanBeRead) {
  const TemporaryFolder folder;
  const auto path = folder / "t1.checkpoint.h5";
  write_checkpoint(path, checkpoint_at(1));
  damage(path);
  try {
    (void)read_newest_checkpoint(path);
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the contents changed"));
    EXPECT_THAT(error.what(), HasSubstr("t1.checkpoint.previous.h5: cannot open"));
  }
}

TEST(Checkpoint, RefusesToWriteWhatCouldNotBeReadAgain) {
  const struct {
    std::string object;
    std::function<void(Checkpoint&)> change;
  } cases[] = {
      {"/checkpoint/selection/fitness", [](auto& c) { c.selection_fitness.push_back(1.0); }},
      {"/trials/trec-soft-s1/best/prompt/num_layers",
       [](auto& c) { c.record.best.prompt.num_layers = 0; }},
      {"/trials/trec-soft-s1/notes", [](auto& c) { c.record.notes = {std::string(1, '\0')}; }},
      {"/trials/a/b", [](auto& c) { c.record.id = "a/b"; }},
      {"/trials", [](auto& c) { c.record.id = ""; }},
      {"/trials/..", [](auto& c) { c.record.id = ".."; }},
      {"/checkpoint/optimizer/arrays", [](auto& c) { c.optimizer.arrays["x/y"]; }},
      {"/checkpoint/optimizer/integers", [](auto& c) { c.optimizer.integers["\xFF"] = 1; }},
      {"/trials/trec-soft-s1/gold/test", [](auto& c) { c.record.gold["test"][0] = 99; }},
  };
  for (const auto& wrong : cases) {
    Checkpoint checkpoint = sample_checkpoint();
    wrong.change(checkpoint);
    EXPECT_THAT(write_refusal(checkpoint), HasSubstr("x.h5: " + wrong.object));
  }
}

}  // namespace
}  // namespace bbprompt
