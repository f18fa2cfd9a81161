#include "bbprompt/replica/replica_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/replica.hpp"
#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

// Every entry of the matrix at once: what visiting it in blocks must not differ from.
double deviation_of_whole(const MatrixView& matrix) {
  const auto count = static_cast<double>(matrix.rows) * static_cast<double>(matrix.cols);
  const auto entries = matrix.map();
  double sum = 0;
  for (Eigen::Index row = 0; row < matrix.rows; ++row) sum += entries.row(row).cast<double>().sum();
  const double mean = sum / count;
  double squares = 0;
  for (Eigen::Index row = 0; row < matrix.rows; ++row)
    squares += (entries.row(row).cast<double>().array() - mean).square().sum();
  return std::sqrt(squares / count);
}

struct ViewedModel {
  std::string folder;
  std::string weights_file;
};

class ViewedEmbeddings : public ::testing::TestWithParam<ViewedModel> {};

TEST_P(ViewedEmbeddings, AreThoseOfTheLoadedWeightsBitByBit) {
  BBPROMPT_REQUIRE_SHARED("models/" + GetParam().folder);
  const ReplicaView view({.folder = testing::shared_folder() / "models" / GetParam().folder,
                          .weights_file = GetParam().weights_file});
  const auto weights = view.weights();
  const MatrixView& words = weights->embeddings().words;
  const WordEmbeddings& embeddings = *view.embeddings();
  ASSERT_EQ(embeddings.num_words(), words.rows);
  ASSERT_EQ(embeddings.size(), words.cols);
  EXPECT_EQ(embeddings.deviation(), deviation_of_whole(words));

  Eigen::Index next = 0;
  embeddings.visit([&](Eigen::Index first, const WordEmbeddings::Block& rows) {
    EXPECT_EQ(first, next);
    EXPECT_EQ(rows, words.map().middleRows(first, rows.rows()));
    next += rows.rows();
    EXPECT_GE(rows.rows(), WordEmbeddings::kBlockUnit);
    if (next < words.rows) {
      EXPECT_EQ(rows.rows() % WordEmbeddings::kBlockUnit, 0);
    }
  });
  EXPECT_EQ(next, words.rows);

  const auto last = static_cast<TokenId>(words.rows - 1);
  const std::vector<TokenId> ids = {last, 0, 7, 7};
  const RowMatrixXf rows = embeddings.rows(ids);
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(rows.row(static_cast<Eigen::Index>(i)), words.map().row(ids[i]));
  for (const TokenId id : {TokenId{-1}, last + 1})
    EXPECT_THROW((void)embeddings.rows(std::vector<TokenId>{id}), Error);
}

INSTANTIATE_TEST_SUITE_P(Models, ViewedEmbeddings,
                         ::testing::Values(ViewedModel{"tiny-roberta", "model.safetensors"},
                                           ViewedModel{"tiny-bert-random", "model.safetensors"},
                                           ViewedModel{"tiny-bert-random", "model-f16.safetensors"},
                                           ViewedModel{"tiny-bert-random",
                                                       "model-bf16.safetensors"}),
                         [](const auto& test) {
                           std::string name = test.param.folder + "_" + test.param.weights_file;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

class ReplicaViewTest : public ::testing::Test {
 protected:
  static std::filesystem::path folder() {
    return testing::source_folder() / "configs/quickstart/tiny-roberta";
  }
};

TEST_F(ReplicaViewTest, SharesItsWeightsAmongReplicasAsLongAsOneHasThem) {
  const auto view = std::make_shared<const ReplicaView>(ReplicaOptions{.folder = folder()});
  const Weights* first = nullptr;
  {
    const Replica one(view, {.folder = folder(), .threads = 1});
    const Replica two(view, {.folder = folder(), .threads = 2});
    first = view->weights().get();
    EXPECT_EQ(view->weights().get(), first);
    EXPECT_GE(view->weights().use_count(), 3);
  }
  EXPECT_EQ(view->weights().use_count(), 1) << "unloaded with the last replica";
}

TEST_F(ReplicaViewTest, SaysWhatItsWeightsAndBuffersTake) {
  const ReplicaView view({.folder = folder(), .max_batch_tokens = 1024});
  const auto file_size = std::filesystem::file_size(folder() / "model.safetensors");
  const double widened = 2.0 * static_cast<double>(file_size);  // from half precision
  EXPECT_NEAR(static_cast<double>(view.memory().weights), widened, 0.01 * widened);
  EXPECT_GT(view.memory().scratch, 0);
  EXPECT_GT(ReplicaView({.folder = folder(), .max_batch_tokens = 4096}).memory().scratch,
            view.memory().scratch);
}

TEST_F(ReplicaViewTest, RefusesANumberThatIsNotFiniteWithoutLoading) {
  const testing::ModelFolder model(folder());
  auto parts = testing::SafetensorsParts::read(model.path() / "model.safetensors");
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(parts.data.data() + parts.data.size() - sizeof bad, &bad, sizeof bad);
  model.write("model.safetensors", parts.bytes());
  try {
    (void)ReplicaView({.folder = model.path()});
    ADD_FAILURE() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found infinity or NaN at element"));
  }
}

TEST_F(ReplicaViewTest, KeepsTheFilesItCheckedWhateverBecomesOfTheFolder) {
  const testing::ModelFolder model(folder());
  const ReplicaView view({.folder = model.path()});
  const std::string fingerprint = view.info().fingerprint;
  model.remove("model.safetensors");
  model.write("model.safetensors", "not a model");
  const auto weights = view.weights();
  EXPECT_EQ(weights->embeddings().words.map().row(5), view.embeddings()->rows({{5}}).row(0));
  EXPECT_EQ(view.info().fingerprint, fingerprint);
}

}  // namespace
}  // namespace bbprompt
