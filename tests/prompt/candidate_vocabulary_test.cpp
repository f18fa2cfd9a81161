#include "bbprompt/prompt/candidate_vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

class CandidateVocabularyTest : public ::testing::Test {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  std::vector<std::string> words(const CandidateVocabulary& vocabulary) const {
    std::vector<std::string> texts;
    for (const TokenId id : vocabulary.ids) texts.push_back(tokenizer_->decode(std::span(&id, 1)));
    return texts;
  }
};

TEST_F(CandidateVocabularyTest, TakesTheMostFrequentWholeWords) {
  const std::vector<std::string_view> texts = {"the good film, the bad film!", "a good 12 the",
                                               "the film"};
  DiscretePromptOptions options;
  options.num_candidates = 3;
  EXPECT_THAT(words(make_candidate_vocabulary(options, *tokenizer_, texts)),
              ::testing::ElementsAre(" film", " the", " good"));
}

TEST_F(CandidateVocabularyTest, SaysWhenTheTextHasFewerWordsThanAsked) {
  const std::vector<std::string_view> texts = {"one good film"};
  const auto vocabulary = make_candidate_vocabulary({}, *tokenizer_, texts);
  EXPECT_EQ(vocabulary.ids.size(), 2U);  // "one" starts the text, without a space
  ASSERT_EQ(vocabulary.notes.size(), 1U);
  EXPECT_THAT(vocabulary.notes[0], ::testing::HasSubstr("200 words asked"));
}

TEST_F(CandidateVocabularyTest, TakesAGivenListAndRefusesWordsOfSeveralTokens) {
  DiscretePromptOptions options;
  options.words = {"film", "good", "film"};
  EXPECT_THAT(words(make_candidate_vocabulary(options, *tokenizer_, {})),
              ::testing::ElementsAre(" film", " good"));
  options.words = {"film", "antidisestablishmentarianism"};
  try {
    (void)make_candidate_vocabulary(options, *tokenizer_, {});
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("antidisestablishmentarianism"));
  }
}

TEST_F(CandidateVocabularyTest, RefusesTextWithoutWords) {
  const std::vector<std::string_view> texts = {"12 34 !!"};
  EXPECT_THROW((void)make_candidate_vocabulary({}, *tokenizer_, texts), Error);
}

TEST(NearestTokens, FindTheirOwnEmbeddings) {
  RowMatrixXf embeddings(4, 2);
  embeddings << 1, 0, 0, 1, -1, 0, 0, -1;
  auto vectors = std::make_shared<RowMatrixXf>(2, 2);
  *vectors << 0, 0, 3, 3.1F;
  const PromptVectors prompt{.vectors = vectors, .base_ids = {2, 3}};
  // Row 0: (-1, 0). Row 1: (3, 3.1) + (0, -1).
  const Eigen::Map<const RowMatrixXf> map(embeddings.data(), 4, 2);
  EXPECT_EQ(nearest_tokens(prompt, map), (std::vector<TokenId>{2, 0}));
}

}  // namespace
}  // namespace bbprompt
