#include "bbprompt/replica/model_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

nlohmann::json smallest(const std::string& type) {
  return {{"model_type", type},           {"vocab_size", 40},         {"hidden_size", 8},
          {"num_hidden_layers", 1},       {"num_attention_heads", 2}, {"intermediate_size", 16},
          {"max_position_embeddings", 18}};
}

class ConfigFolder : public ::testing::Test {
 protected:
  ModelConfig load(const nlohmann::json& config) {
    testing::write_text(folder_ / "config.json", config.dump());
    return load_model_config(folder_.path());
  }
  std::string refusal(const std::string& key, const nlohmann::json& value) {
    auto config = smallest("bert");
    config[key] = value;
    try {
      (void)load(config);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "loaded";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ConfigFolder, TakesTheDefaultsOfHuggingFace) {
  const auto bert = load(smallest("bert"));
  EXPECT_EQ(bert.num_types, 2);
  EXPECT_EQ(bert.pad_token_id, 0);
  EXPECT_EQ(bert.layer_norm_eps, 1e-12F);
  EXPECT_EQ(bert.activation, Activation::kGelu);
  EXPECT_TRUE(bert.has_tied_embeddings);
  EXPECT_EQ(bert.max_tokens(), 18);
  const auto roberta = load(smallest("roberta"));
  EXPECT_EQ(roberta.pad_token_id, 1);
  EXPECT_EQ(roberta.first_position(), 2);
  EXPECT_EQ(roberta.max_tokens(), 16);
}

TEST_F(ConfigFolder, KeepsRobertasHeadAtGelu) {
  for (const char* type : {"bert", "roberta"}) {
    auto config = smallest(type);
    config["hidden_act"] = "relu";
    const auto loaded = load(config);
    EXPECT_EQ(loaded.activation, Activation::kRelu);
    EXPECT_EQ(loaded.head_activation,
              loaded.architecture == Architecture::kBert ? Activation::kRelu : Activation::kGelu);
  }
}

TEST_F(ConfigFolder, RefusesWhatIsNotComputed) {
  EXPECT_THAT(refusal("model_type", "gpt2"), AllOf(HasSubstr("model_type"), HasSubstr("gpt2")));
  EXPECT_THAT(refusal("is_decoder", true), HasSubstr("is_decoder"));
  EXPECT_THAT(refusal("position_embedding_type", "relative_key_query"), HasSubstr("absolute"));
  EXPECT_THAT(refusal("hidden_act", "quick_gelu"), HasSubstr("quick_gelu"));
  EXPECT_THAT(refusal("layer_norm_eps", 1e-60), HasSubstr("layer_norm_eps"));
  EXPECT_THAT(refusal("layer_norm_eps", "1e-5"), HasSubstr("a string"));
  EXPECT_THAT(refusal("pad_token_id", 40), HasSubstr("below vocab_size 40"));
  EXPECT_THAT(refusal("tie_word_embeddings", 1), HasSubstr("true or false"));
  EXPECT_THAT(refusal("max_position_embeddings", 2), HasSubstr("room for 3 tokens"));
}

TEST(ModelConfig, RefusesACausalModelsFolder) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
  EXPECT_THAT(testing::load_outcome(testing::shared_folder() / "models/tiny-gpt2-random"),
              AllOf(HasSubstr("config.json"), HasSubstr("gpt2"), HasSubstr("bert")));
}

}  // namespace
}  // namespace bbprompt
