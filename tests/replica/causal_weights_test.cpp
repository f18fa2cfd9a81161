#include "bbprompt/replica/causal_weights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/causal_view.hpp"
#include "tests/replica/model_folder.hpp"
#include "tests/small_gpt2.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SafetensorsParts;
using testing::SmallGpt2;

const std::string kHead = "lm_head.weight";
const std::string kUp = "transformer.h.1.mlp.c_fc.weight";

class SmallFolder : public ::testing::Test {
 protected:
  // What loading a model with these weights says.
  std::string outcome(const SmallGpt2& model) {
    try {
      model.write(folder_.path());
      (void)CausalWeights::load(folder_.path());
      // The master looks without loading: it must see the same.
      (void)CausalView({.folder = folder_.path()});
    } catch (const ModelError& error) {
      return error.what();
    }
    return "loaded";
  }
  static SafetensorsParts without(const SafetensorsParts& all, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& other : all.names()) {
      if (other != name) names.push_back(other);
    }
    return all.part(names);
  }
  static std::string embedding_of(const SmallGpt2& model) {
    return model.weights.tensor("transformer.wte.weight");
  }
  testing::TemporaryFolder folder_;
};

TEST_F(SmallFolder, LoadsTiedAndUntiedHeads) {
  EXPECT_EQ(outcome(SmallGpt2(true)), "loaded");
  EXPECT_EQ(outcome(SmallGpt2(false)), "loaded");
  const auto untied = CausalWeights::load(folder_.path());
  EXPECT_NE(untied->head().data, untied->words().data);
  SmallGpt2(true).write(folder_.path());
  const auto tied = CausalWeights::load(folder_.path());
  EXPECT_EQ(tied->head().data, tied->words().data);
}

TEST_F(SmallFolder, TakesATiedHeadThatIsWrittenTwiceOnlyWhereBothAreEqual) {
  SmallGpt2 model;
  std::string numbers = embedding_of(model);
  model.weights.add(kHead, "F32", {model.vocab_size(), SmallGpt2::kHidden}, numbers);
  EXPECT_EQ(outcome(model), "loaded");
  SmallGpt2 other;
  numbers[40] = static_cast<char>(numbers[40] ^ 1);
  other.weights.add(kHead, "F32", {other.vocab_size(), SmallGpt2::kHidden}, numbers);
  EXPECT_THAT(outcome(other), AllOf(HasSubstr("model.safetensors"), HasSubstr(kHead),
                                    HasSubstr("tie_word_embeddings")));
}

TEST_F(SmallFolder, NamesEveryTensorThatIsMissing) {
  for (const bool is_tied : {true, false}) {
    const SmallGpt2 whole(is_tied);
    for (const auto& name : whole.weights.names()) {
      SmallGpt2 model(is_tied);
      model.weights = without(model.weights, name);
      EXPECT_THAT(outcome(model),
                  AllOf(HasSubstr("model.safetensors"), HasSubstr(name), HasSubstr("found none")));
    }
  }
}

TEST_F(SmallFolder, RefusesOtherShapesAndTransposedMatrices) {
  const std::string numbers = SmallGpt2().weights.tensor(kUp);
  SmallGpt2 model;
  model.weights = without(model.weights, kUp);
  model.weights.add(kUp, "F32", {SmallGpt2::kInner, SmallGpt2::kHidden}, numbers);
  EXPECT_THAT(outcome(model),
              AllOf(HasSubstr(kUp), HasSubstr("expected 12 x 20"), HasSubstr("found 20 x 12")));
  SmallGpt2 wide;
  wide.weights = without(wide.weights, kUp);
  wide.weights.add(kUp, "F32", {SmallGpt2::kHidden, SmallGpt2::kInner + 1},
                   std::string(4 * 12 * 21, '\0'));
  EXPECT_THAT(outcome(wide), AllOf(HasSubstr(kUp), HasSubstr("found 12 x 21")));
}

TEST_F(SmallFolder, RefusesNumbersThatAreNotFinite) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    SmallGpt2 model;
    std::string numbers = model.weights.tensor(kUp);
    std::memcpy(numbers.data() + 4 * 9, &value, sizeof value);
    model.weights = without(model.weights, kUp);
    model.weights.add(kUp, "F32", {SmallGpt2::kHidden, SmallGpt2::kInner}, numbers);
    EXPECT_THAT(outcome(model), AllOf(HasSubstr(kUp), HasSubstr("element 9")));
  }
}

TEST_F(SmallFolder, RefusesIntegersMoreLayersAndDoubleNames) {
  SmallGpt2 integers;
  integers.weights.header[kUp]["dtype"] = "I32";
  EXPECT_THAT(outcome(integers), AllOf(HasSubstr(kUp), HasSubstr("found I32")));
  SmallGpt2 deep;
  deep.weights.add("transformer.h.3.attn.c_attn.weight", "F32", {12, 36},
                   std::string(4 * 12 * 36, '\0'));
  EXPECT_THAT(outcome(deep), HasSubstr("expected 3 layers"));
  SmallGpt2 twice;
  twice.weights.add("ln_f.bias", "F32", {12}, std::string(4 * 12, '\0'));
  EXPECT_THAT(outcome(twice), AllOf(HasSubstr("ln_f.bias"), HasSubstr("other name")));
}

TEST_F(SmallFolder, ReadsBaseModelsAndLeavesMaskBuffersAlone) {
  const SmallGpt2 model;
  SmallGpt2 base;
  base.weights = {};
  for (const auto& name : model.weights.names())
    base.weights.add(name.substr(std::string("transformer.").size()), "F32",
                     model.weights.header.at(name)["shape"], model.weights.tensor(name));
  base.weights.add("h.0.attn.bias", "F32", {1, 1, 2, 2}, std::string(16, '\0'));
  EXPECT_EQ(outcome(base), "loaded");
}

TEST_F(SmallFolder, IsNoMaskedModelAndAMaskedModelIsNoCausalOne) {
  SmallGpt2().write(folder_.path());
  EXPECT_THAT(testing::load_outcome(folder_.path()),
              AllOf(HasSubstr("config.json"), HasSubstr("masked"), HasSubstr("causal")));
  EXPECT_THROW((void)ReplicaView({.folder = folder_.path()}), ModelError);
  const auto masked = testing::source_folder() / "configs/quickstart/tiny-roberta";
  EXPECT_THROW((void)CausalWeights::load(masked), ModelError);
  EXPECT_THROW((void)CausalView({.folder = masked}), ModelError);
}

}  // namespace
}  // namespace bbprompt
