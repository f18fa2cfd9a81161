#include "bbprompt/replica/weights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::load_outcome;
using testing::ModelFolder;
using testing::SafetensorsParts;

constexpr const char* kBert = "models/corrupt/base-bert";
constexpr const char* kRoberta = "models/corrupt/base-roberta";

class WeightsFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED(kBert);
    model_.emplace(testing::shared_folder() / kBert);
    parts_ = SafetensorsParts::read(model_->path() / "model.safetensors");
  }
  std::string outcome() {
    model_->write("model.safetensors", parts_.bytes());
    return load_outcome(model_->path());
  }
  void rename(const std::function<std::string(std::string)>& change) {
    nlohmann::ordered_json renamed;
    for (const auto& [name, entry] : parts_.header.items()) renamed[change(name)] = entry;
    parts_.header = renamed;
  }

  std::optional<ModelFolder> model_;
  SafetensorsParts parts_;
};

TEST_F(WeightsFolder, TakesNamesWithoutThePrefix) {
  rename([](const std::string& name) { return name.starts_with("bert.") ? name.substr(5) : name; });
  EXPECT_EQ(outcome(), "loaded");
}

TEST_F(WeightsFolder, TakesTheSharedMatrixUnderTheDecodersName) {
  const std::string kept = "cls.predictions.decoder.weight";
  rename([&](const std::string& name) {
    return name.ends_with("embeddings.word_embeddings.weight") ? kept : name;
  });
  EXPECT_EQ(outcome(), "loaded");
  // Where the two are not tied the embeddings are missing.
  model_->change_config({{"tie_word_embeddings", false}});
  EXPECT_THAT(outcome(), HasSubstr("word_embeddings.weight"));
}

TEST_F(WeightsFolder, RefusesATensorUnderTwoNames) {
  parts_.add("bert.embeddings.LayerNorm.gamma", "F32", {8}, std::string(32, '\0'));
  EXPECT_THAT(outcome(), AllOf(HasSubstr("LayerNorm.gamma"), HasSubstr("LayerNorm.weight")));
}

TEST_F(WeightsFolder, RefusesMoreLayersThanTheConfigurationHas) {
  const std::string query = "bert.encoder.layer.1.attention.self.query.weight";
  parts_.add(query, "F32", {8, 8}, std::string(256, '\0'));
  EXPECT_THAT(outcome(), AllOf(HasSubstr("1 layers"), HasSubstr(query)));
}

TEST_F(WeightsFolder, UsesADecoderOfItsOwnOnlyWhereEmbeddingsAreNotTied) {
  parts_.add("cls.predictions.decoder.weight", "F32", {40, 8}, std::string(40 * 8 * 4, '\0'));
  ASSERT_EQ(outcome(), "loaded");
  auto weights = Weights::load(model_->path());
  EXPECT_EQ(weights->head().decoder.weight.map(), weights->embeddings().words.map());
  model_->change_config({{"tie_word_embeddings", false}});
  weights = Weights::load(model_->path());
  EXPECT_TRUE(weights->head().decoder.weight.map().isZero());
}

TEST_F(WeightsFolder, RefusesUntiedEmbeddingsWithoutADecoder) {
  model_->change_config({{"tie_word_embeddings", false}});
  EXPECT_THAT(outcome(), HasSubstr("cls.predictions.decoder.weight"));
}

TEST_F(WeightsFolder, FindsTheBiasUnderTheDecodersName) {
  const auto expected = Weights::load(model_->path())->head().decoder.bias.map().eval();
  rename([](const std::string& name) {
    return name == "cls.predictions.bias" ? "cls.predictions.decoder.bias" : name;
  });
  ASSERT_EQ(outcome(), "loaded");
  EXPECT_EQ(Weights::load(model_->path())->head().decoder.bias.map(), expected);
}

TEST_F(WeightsFolder, ChangesItsFingerprintWithAnyBitOfWeightsAndConfiguration) {
  const std::string before = Weights::load(model_->path())->fingerprint();
  EXPECT_EQ(Weights::load(testing::shared_folder() / kBert)->fingerprint(), before);
  parts_.data[1001] = static_cast<char>(parts_.data[1001] ^ 1);
  ASSERT_EQ(outcome(), "loaded");
  const std::string changed = Weights::load(model_->path())->fingerprint();
  EXPECT_NE(changed, before);
  model_->change_config({{"layer_norm_eps", 1e-5}});
  EXPECT_NE(Weights::load(model_->path())->fingerprint(), changed);
}

TEST_F(WeightsFolder, SaysWhatIsMissingWhereThereAreNoWeights) {
  model_->remove("model.safetensors");
  EXPECT_THAT(load_outcome(model_->path()), HasSubstr("found neither"));
  model_->write("pytorch_model.bin", "x");
  EXPECT_THAT(load_outcome(model_->path()), HasSubstr("convert"));
  EXPECT_THAT(load_outcome(model_->path(), "absent.safetensors"), HasSubstr("cannot open"));
  EXPECT_THAT(load_outcome(model_->path(), "../model.safetensors"),
              HasSubstr("in the model folder"));
}

}  // namespace
}  // namespace bbprompt
