#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "tests/lm/matrix_embeddings.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MakeSoftPromptSpace : public ::testing::Test {
 protected:
  [[nodiscard]] PromptSpaceInputs inputs() const {
    return {.vocabulary = {.tokenizer = tokenizer_.get(), .embeddings = &embeddings_},
            .texts = texts_,
            .seed = 3};
  }
  [[nodiscard]] static PromptOptions options(SoftPromptMode mode, const std::string& init) {
    PromptOptions options{.length = 3};
    options.soft = {.mode = mode, .dimension = 7, .init = init};
    return options;
  }
  [[nodiscard]] std::vector<TokenId> tokens(const std::string& text) const {
    return tokenizer_->encode(text).ids;
  }
  [[nodiscard]] std::string refusal(const PromptOptions& options,
                                    const PromptSpaceInputs& inputs) const {
    try {
      (void)make_prompt_space(options, inputs);
    } catch (const Error& error) {
      return error.what();
    }
    return "made";
  }
  static PromptVectors at_start(const PromptSpace& space) {
    const Eigen::VectorXd start = space.domain().start;
    return std::get<PromptVectors>(
        space.decode({start.data(), static_cast<std::size_t>(start.size())}));
  }

  std::unique_ptr<Tokenizer> tokenizer_ =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  RowMatrixXf matrix_ = RowMatrixXf::Random(16384, 8);
  testing::MatrixEmbeddings embeddings_{matrix_};
  std::vector<std::string_view> texts_ = {"a good film and a bad film about other things"};
};

TEST_F(MakeSoftPromptSpace, PutsTheTokensOfInitUnderAddedVectors) {
  const auto made = make_prompt_space(options(SoftPromptMode::kAdd, " good film"), inputs());
  const auto ids = tokens(" good film");
  ASSERT_EQ(ids.size(), 2U);
  const PromptVectors prompt = at_start(*made.space);
  EXPECT_THAT(prompt.base_ids, ElementsAre(ids[0], ids[1], ids[0]));
  EXPECT_EQ(prompt.vectors->cwiseAbs().maxCoeff(), 0.0F);
}

TEST_F(MakeSoftPromptSpace, AddsTheEmbeddingsOfInitToConcatenatedVectors) {
  const auto ids = tokens(" good film");
  const auto with_text = options(SoftPromptMode::kConcatenate, " good film");
  const PromptVectors prompt = at_start(*make_prompt_space(with_text, inputs()).space);
  EXPECT_TRUE(prompt.base_ids.empty());
  ASSERT_EQ(prompt.vectors->rows(), 3);
  for (Eigen::Index i = 0; i < 3; ++i)
    EXPECT_EQ(prompt.vectors->row(i), matrix_.row(ids[static_cast<std::size_t>(i % 2)]));
  const auto without = options(SoftPromptMode::kConcatenate, "");
  EXPECT_EQ(*at_start(*make_prompt_space(without, inputs()).space).vectors,
            RowMatrixXf::Zero(3, 8));
}

TEST_F(MakeSoftPromptSpace, MeasuresDeepPromptsWithTheirStart) {
  for (const auto mode : {SoftPromptMode::kAdd, SoftPromptMode::kConcatenate}) {
    for (const std::string init : {"", " good film"}) {
      auto deep = options(mode, init);
      deep.soft.layers = SoftPromptLayers::kAll;
      auto parts = inputs();
      parts.num_layers = 3;
      const PromptVectors base = soft_base_prompt(deep, parts);
      const auto made = make_prompt_space(deep, parts);
      EXPECT_TRUE(made.space->needs_layer_scales());
      EXPECT_TRUE(at_start(*made.space).layers.empty());
      EXPECT_EQ(*at_start(*made.space).vectors, *base.vectors);
      made.space->set_layer_scales(std::vector<double>{0.5, 0.6});
      EXPECT_FALSE(made.space->needs_layer_scales());
      const PromptVectors start = at_start(*made.space);
      EXPECT_THAT(made.space->domain().block_sizes, ElementsAre(7, 7, 7));
      EXPECT_EQ(*start.vectors, *base.vectors);
      EXPECT_EQ(start.base_ids, base.base_ids);
      EXPECT_EQ(start.layers.size(), 2U);
      EXPECT_TRUE(base.layers.empty());
    }
  }
}

TEST_F(MakeSoftPromptSpace, OfAModelOfOneLayerIsAnOrdinaryPrompt) {
  auto deep = options(SoftPromptMode::kAdd, "");
  deep.soft.layers = SoftPromptLayers::kAll;
  auto parts = inputs();
  parts.num_layers = 1;
  const auto made = make_prompt_space(deep, parts);
  EXPECT_EQ(made.space->dimension(), 7);
  EXPECT_FALSE(made.space->needs_layer_scales());
  EXPECT_TRUE(at_start(*made.space).layers.empty());
}

TEST_F(MakeSoftPromptSpace, RefusesWhatTheModelCannotTake) {
  auto deep = options(SoftPromptMode::kAdd, "");
  deep.soft.layers = SoftPromptLayers::kAll;
  auto parts = inputs();
  EXPECT_THAT(refusal(deep, parts),
              HasSubstr("prompt.soft.layers: all needs a model whose hidden "
                        "states can be reached (a BERT or RoBERTa with model.kind: replica)"));
  auto closed = inputs();
  closed.vocabulary.embeddings = nullptr;
  EXPECT_THAT(refusal(options(SoftPromptMode::kAdd, ""), closed),
              HasSubstr("prompt.kind: discrete"));
  EXPECT_THAT(refusal(options(SoftPromptMode::kConcatenate, ""), closed),
              HasSubstr("prompt.kind: discrete"));
  PromptOptions discrete{.kind = PromptKind::kDiscrete, .length = 3};
  EXPECT_THAT(refusal(discrete, closed), HasSubstr("prompt.discrete.relaxation: logits or index"));
  discrete.discrete.relaxation = Relaxation::kIndex;
  EXPECT_EQ(refusal(discrete, closed), "made");
  closed.vocabulary.tokenizer = nullptr;
  EXPECT_THAT(refusal(discrete, closed), HasSubstr("takes text only"));
}

}  // namespace
}  // namespace bbprompt
