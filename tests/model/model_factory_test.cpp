#include "bbprompt/model/model_factory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/model/model_pool.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

ModelOptions quickstart(int threads = 1) {
  return {.path = testing::source_folder() / "configs/quickstart/tiny-roberta", .threads = threads};
}

TEST(ModelFactory, MakesAReplicaWithAllItsCapabilities) {
  const auto view = make_view(quickstart());
  EXPECT_EQ(view->info().name, "tiny-roberta");
  ASSERT_NE(view->tokenizer(), nullptr);
  ASSERT_NE(view->embeddings(), nullptr);
  EXPECT_GT(view->memory().weights, 0);
  const auto model = make_model(quickstart(), view);
  EXPECT_EQ(&model->view(), view.get());
  EXPECT_NE(model->hidden_states(), nullptr);
}

TEST(ModelFactory, TheVocabularyIsThatOfTheViewAndNeedsNoWeights) {
  const testing::TemporaryFolder folder;
  const auto model = folder / "model";
  std::filesystem::copy(quickstart().path, model, std::filesystem::copy_options::recursive);
  std::filesystem::remove(model / "model.safetensors");
  const ModelVocabulary vocabulary = load_vocabulary({.path = model});
  const auto view = make_view(quickstart());
  EXPECT_EQ(vocabulary.max_tokens, view->info().max_tokens);
  EXPECT_EQ(vocabulary.tokenizer->fingerprint(), view->tokenizer()->fingerprint());
  EXPECT_THROW((void)make_view({.path = model}), ModelError);
}

TEST(ModelFactory, EveryKindHasAName) {
  EXPECT_EQ(kModelKinds[static_cast<std::size_t>(ModelKind::kReplica)], "replica");
}

// What model.threads must not change.
TEST(ModelPool, ModelsOfOneFolderGiveTheSameBitsWithTheirOwnThreads) {
  ModelPool pool;
  const Query query{
      .segments = {TextSegment{.text = "A dull film. It was", .fields = {}}, AnswerSlot{}}};
  const std::vector<Query> queries(20, query);
  const std::vector<Answer> answers = {300, 301};
  const auto one = pool.get(quickstart(1)).score(queries, answers).scores;
  for (const int threads : {2, 3}) {
    EXPECT_EQ(pool.get(quickstart(threads)).score(queries, answers).scores, one) << threads;
    EXPECT_EQ(pool.get(quickstart(1)).score(queries, answers).scores, one);
  }
  EXPECT_EQ(pool.size(), 1U);
}

}  // namespace
}  // namespace bbprompt
