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
  EXPECT_THAT(refusal("model_type", "t5"), AllOf(HasSubstr("model_type"), HasSubstr("t5")));
  EXPECT_THAT(refusal("is_decoder", true), HasSubstr("is_decoder"));
  EXPECT_THAT(refusal("position_embedding_type", "relative_key_query"), HasSubstr("absolute"));
  EXPECT_THAT(refusal("hidden_act", "quick_gelu"), HasSubstr("quick_gelu"));
  EXPECT_THAT(refusal("layer_norm_eps", 1e-60), HasSubstr("layer_norm_eps"));
  EXPECT_THAT(refusal("layer_norm_eps", "1e-5"), HasSubstr("a string"));
  EXPECT_THAT(refusal("pad_token_id", 40), HasSubstr("below vocab_size 40"));
  EXPECT_THAT(refusal("tie_word_embeddings", 1), HasSubstr("true or false"));
  EXPECT_THAT(refusal("max_position_embeddings", 2), HasSubstr("room for 3 tokens"));
}

class Gpt2ConfigFolder : public ConfigFolder {
 protected:
  static nlohmann::json smallest_gpt2() {
    return {{"model_type", "gpt2"}, {"vocab_size", 40}, {"n_embd", 8},
            {"n_layer", 1},         {"n_head", 2},      {"n_positions", 18}};
  }
  std::string gpt2_refusal(const std::string& key, const nlohmann::json& value) {
    auto config = smallest_gpt2();
    config[key] = value;
    try {
      (void)load(config);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "loaded";
  }
};

TEST_F(Gpt2ConfigFolder, TakesTheDefaultsOfHuggingFace) {
  const auto gpt2 = load(smallest_gpt2());
  EXPECT_TRUE(gpt2.is_causal());
  EXPECT_EQ(gpt2.intermediate_size, 32);
  EXPECT_EQ(gpt2.activation, Activation::kGeluTanh);
  EXPECT_EQ(gpt2.layer_norm_eps, 1e-5F);
  EXPECT_TRUE(gpt2.has_tied_embeddings);
  EXPECT_EQ(gpt2.max_tokens(), 18);
  auto other = smallest_gpt2();
  other["n_inner"] = nullptr;
  EXPECT_EQ(load(other).intermediate_size, 32);
  other["n_inner"] = 20;
  EXPECT_EQ(load(other).intermediate_size, 20);
  EXPECT_FALSE(load(smallest("bert")).is_causal());
}

TEST_F(Gpt2ConfigFolder, RefusesWhatIsNotComputed) {
  EXPECT_THAT(gpt2_refusal("scale_attn_by_inverse_layer_idx", true), HasSubstr("expected false"));
  EXPECT_THAT(gpt2_refusal("scale_attn_weights", false), HasSubstr("expected true"));
  EXPECT_THAT(gpt2_refusal("add_cross_attention", true), HasSubstr("add_cross_attention"));
  EXPECT_THAT(gpt2_refusal("activation_function", "quick_gelu"),
              AllOf(HasSubstr("activation_function"), HasSubstr("quick_gelu")));
  EXPECT_THAT(gpt2_refusal("n_head", 3), AllOf(HasSubstr("n_head"), HasSubstr("n_embd 8")));
  EXPECT_THAT(gpt2_refusal("n_positions", 2), HasSubstr("n_positions"));
  EXPECT_THAT(gpt2_refusal("n_inner", 0), HasSubstr("n_inner"));
  EXPECT_THAT(gpt2_refusal("n_embd", 2000000000), HasSubstr("n_embd"));
}

}  // namespace
}  // namespace bbprompt
