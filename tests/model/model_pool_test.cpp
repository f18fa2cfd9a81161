#include "bbprompt/model/model_pool.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bbprompt/base/error.hpp"
#include "tests/model/word_count_model.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kBytes = testing::WordCountModel::kBytes;

ModelOptions named(const std::string& name, int threads = 1) {
  return {.path = name, .threads = threads};
}

class ModelPoolTest : public ::testing::Test {
 protected:
  ModelPoolTest() {
    pool_.on_unload([this](const LanguageModel& model) { unloaded_.push_back(&model); });
  }
  testing::WordCountFactory made_;
  ModelPool pool_{made_.factory()};
  std::vector<const LanguageModel*> unloaded_;
};

TEST_F(ModelPoolTest, LoadsAModelWhenItIsAskedForAndNotForItsView) {
  const auto view = pool_.view(named("a"));
  EXPECT_EQ(view->info().name, "a");
  EXPECT_EQ(pool_.view(named("a")), view);
  EXPECT_EQ(pool_.size(), 0U);
  EXPECT_EQ(made_.num_models(), 0);
  LanguageModel& model = pool_.get(named("a"));
  EXPECT_EQ(&pool_.get(named("a")), &model);
  EXPECT_EQ(pool_.size(), 1U);
  EXPECT_EQ(made_.num_models(), 1);
  EXPECT_EQ(made_.num_views(), 1);
}

TEST_F(ModelPoolTest, UnloadsTheLeastRecentlyUsedWhenTheLimitWouldBeExceeded) {
  pool_.set_max_bytes(2 * kBytes);
  const LanguageModel* a = &pool_.get(named("a"));
  const LanguageModel* b = &pool_.get(named("b"));
  EXPECT_EQ(&pool_.get(named("a")), a);
  EXPECT_TRUE(unloaded_.empty());
  (void)pool_.get(named("c"));
  EXPECT_EQ(unloaded_, std::vector<const LanguageModel*>{b});
  EXPECT_EQ(pool_.size(), 2U);
}

TEST_F(ModelPoolTest, WithoutALimitKeepsAllAndBelowOneModelKeepsOne) {
  for (const char* name : {"a", "b"}) (void)pool_.get(named(name));
  EXPECT_EQ(pool_.size(), 2U);
  ModelPool small(made_.factory());
  small.set_max_bytes(1);
  for (const char* name : {"a", "b"}) {
    (void)small.get(named(name));
    EXPECT_EQ(small.size(), 1U);
  }
}

TEST_F(ModelPoolTest, AViewOutlivesItsModel) {
  pool_.set_max_bytes(kBytes);
  const auto view = pool_.view(named("a"));
  (void)pool_.get(named("a"));
  (void)pool_.get(named("b"));
  EXPECT_EQ(unloaded_.size(), 1U);
  EXPECT_EQ(view->info().name, "a");
}

// Two settings of a sweep: each computes with its own number of threads, over one set of weights.
TEST_F(ModelPoolTest, ModelsThatDifferInThreadsShareTheirView) {
  LanguageModel& one = pool_.get(named("a", 1));
  LanguageModel& two = pool_.get(named("a", 2));
  EXPECT_NE(&one, &two);
  EXPECT_EQ(&one.view(), &two.view());
  EXPECT_EQ(&pool_.get(named("a", 1)), &one);
  EXPECT_EQ(made_.threads(), (std::vector<int>{1, 2}));
  EXPECT_EQ(pool_.size(), 1U);
  pool_.set_max_bytes(kBytes);
  (void)pool_.get(named("b"));
  EXPECT_EQ(unloaded_, (std::vector<const LanguageModel*>{&one, &two}));
}

TEST_F(ModelPoolTest, AModelThatCannotBeLoadedLeavesNothingBehind) {
  EXPECT_THROW((void)pool_.get(named("unloadable")), ModelError);
  EXPECT_EQ(pool_.size(), 0U);
  EXPECT_THROW((void)pool_.get(named("unloadable")), ModelError);
}

TEST(ModelIdentityTest, IsPathAndWeightsWhateverTheThreads) {
  const ModelOptions model{.path = "folder", .weights = "a.safetensors", .threads = 1};
  ModelOptions other = model;
  other.threads = 4;
  EXPECT_EQ(ModelIdentity(other), ModelIdentity(model));
  other.weights = "b.safetensors";
  EXPECT_NE(ModelIdentity(other), ModelIdentity(model));
  other = model;
  other.path = "folder2";
  EXPECT_NE(ModelIdentity(other), ModelIdentity(model));
}

}  // namespace
}  // namespace bbprompt
