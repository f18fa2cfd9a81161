#include "bbprompt/prompt/option_vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "tests/lm/matrix_embeddings.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

class CandidateVocabularyTest : public ::testing::Test {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  static std::vector<std::string> words(const OptionVocabulary& vocabulary) {
    std::vector<std::string> texts;
    for (const PromptOption& candidate : vocabulary.options) texts.push_back(candidate.text);
    return texts;
  }
  OptionVocabulary make(const DiscretePromptOptions& options) const {
    return make_option_vocabulary(options, *tokenizer_, kReviews);
  }
  inline static const std::vector<std::string_view> kReviews = {
      "a good film, the bad film", "good film of the", "of the good film of the", "the bad bad"};
};

TEST_F(CandidateVocabularyTest, TakesTheMostFrequentWholeWords) {
  const std::vector<std::string_view> texts = {"the good film, the bad film!", "a good 12 the",
                                               "the film"};
  DiscretePromptOptions options;
  options.num_candidates = 3;
  EXPECT_THAT(words(make_option_vocabulary(options, *tokenizer_, texts)),
              ::testing::ElementsAre("film", "the", "good"));
}

TEST_F(CandidateVocabularyTest, CountsATokenOnlyWhereItIsTheWholeWord) {
  // This tokenizer has no words "passport", "therapist" and "grape"; they begin with pass, therap
  // and gra.
  const std::vector<std::string_view> texts = {
      "a passport, the passport: therapist grape. They pass (pass) film's film"};
  DiscretePromptOptions options;
  EXPECT_THAT(words(make_option_vocabulary(options, *tokenizer_, texts)),
              ::testing::UnorderedElementsAre("film", "pass", "the", "They"));
  options.candidates.source = CandidateSource::kWordBeginnings;
  EXPECT_THAT(words(make_option_vocabulary(options, *tokenizer_, texts)),
              ::testing::IsSupersetOf({"pass", "therap", "gra"}));
}

TEST_F(CandidateVocabularyTest, SaysWhenTheTextHasFewerWordsThanAsked) {
  const std::vector<std::string_view> texts = {"one good film"};
  const auto vocabulary = make_option_vocabulary({}, *tokenizer_, texts);
  EXPECT_EQ(vocabulary.options.size(), 2U);  // "one" starts the text, without a space
  ASSERT_EQ(vocabulary.notes.size(), 1U);
  EXPECT_THAT(vocabulary.notes[0], ::testing::HasSubstr("200 candidates asked"));
}

TEST_F(CandidateVocabularyTest, TakesAGivenListAndRefusesWordsOfSeveralTokens) {
  DiscretePromptOptions options;
  options.words = {"film", "good", "film"};
  EXPECT_THAT(words(make_option_vocabulary(options, *tokenizer_, {})),
              ::testing::ElementsAre("film", "good"));
  options.words = {"film", "antidisestablishmentarianism"};
  try {
    (void)make_option_vocabulary(options, *tokenizer_, {});
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("antidisestablishmentarianism"));
  }
}

TEST_F(CandidateVocabularyTest, TakesPhrasesWholeOrAsTheirTokens) {
  // Fifteen pairs of neighbours in kReviews. "good film" and "film of" have PMI ln(15 * 2 / (3 *
  // 3)), "of the" ln(15 * 3 / (3 * 5)); "the bad", "bad bad" and "the good" are below 1.
  DiscretePromptOptions options;
  options.candidates.source = CandidateSource::kPmiPhrases;
  const auto phrases = make(options);
  EXPECT_THAT(words(phrases), ::testing::ElementsAre("the", "bad", "good film of the"));
  const PromptOption& last = phrases.options.back();
  EXPECT_EQ(last.ids, tokenizer_->encode(" good film of the").ids);
  EXPECT_EQ(last.ids.size(), 4U);
  EXPECT_EQ(last.count, 2);
  EXPECT_NEAR(last.pmi, std::log(3.0), 1e-12);

  options.candidates.source = CandidateSource::kPmiTokens;
  const auto tokens = make(options);
  EXPECT_THAT(words(tokens), ::testing::ElementsAre("the", "bad", "good", "film", "of"));
  for (const PromptOption& token : tokens.options) {
    EXPECT_EQ(token.ids, tokenizer_->encode(" " + token.text).ids);
  }
}

// A letter that has no token with the blank before it leaves the blank as a token of its own.
TEST_F(CandidateVocabularyTest, LeavesOutATokenThatIsOnlyABlank) {
  const std::vector<std::string_view> texts(8,
                                            "^ film \xC3\xA9"
                                            "t\xC3\xA9 good film");
  const auto ids = tokenizer_->encode(" \xC3\xA9t\xC3\xA9").ids;
  ASSERT_EQ(tokenizer_->decode(std::span(ids).first(1)), " ");
  DiscretePromptOptions options;
  options.candidates.source = CandidateSource::kPmiTokens;
  const auto tokens = make_option_vocabulary(options, *tokenizer_, texts);
  EXPECT_GT(tokens.options.size(), 2U);
  for (const PromptOption& token : tokens.options) EXPECT_NE(token.ids, std::vector{ids.front()});
}

TEST_F(CandidateVocabularyTest, LeavesOutStopWordsWhereAsked) {
  DiscretePromptOptions options;
  options.candidates.is_without_stop_words = true;
  EXPECT_THAT(words(make(options)), ::testing::ElementsAre("film", "bad", "good"));
  // Above ln 3 "the" is a phrase of its own.
  options.candidates.source = CandidateSource::kPmiPhrases;
  options.candidates.pmi.min_pmi = 1.15;
  EXPECT_THAT(words(make(options)), ::testing::ElementsAre("bad", "good film of"));
  options.candidates.is_without_stop_words = false;
  EXPECT_THAT(words(make(options)), ::testing::ElementsAre("the", "bad", "good film of"));
}

TEST_F(CandidateVocabularyTest, TakesTheWholeWordsOfTheVocabulary) {
  DiscretePromptOptions options;
  options.num_candidates = 50;
  options.candidates.source = CandidateSource::kVocabulary;
  const auto vocabulary = make_option_vocabulary(options, *tokenizer_, {});
  ASSERT_EQ(vocabulary.options.size(), 50U);
  TokenId last = -1;
  for (const PromptOption& candidate : vocabulary.options) {
    ASSERT_EQ(candidate.ids.size(), 1U);
    EXPECT_LT(last, candidate.ids[0]);
    last = candidate.ids[0];
    EXPECT_EQ(tokenizer_->token(last), "\xc4\xa0" + candidate.text);
  }
}

TEST_F(CandidateVocabularyTest, ReadsALineOfAListAsOneCandidate) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "list.txt", "good film\n\n  bad \r\ngood film\n##ing");
  DiscretePromptOptions options;
  options.candidates = {.source = CandidateSource::kList, .file = folder / "list.txt"};
  const auto vocabulary = make(options);
  EXPECT_THAT(words(vocabulary), ::testing::ElementsAre("good film", "bad", "##ing"));
  EXPECT_EQ(vocabulary.options[0].ids, tokenizer_->encode(" good film").ids);
  EXPECT_EQ(vocabulary.options[2].ids, tokenizer_->encode("ing").ids);
  testing::write_text(folder / "list.txt", "good\n\xff\n");
  try {
    (void)make(options);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("list.txt: line 2: "));
  }
  options.candidates.file = folder / "absent.txt";
  EXPECT_THROW((void)make(options), StoreError);
}

TEST_F(CandidateVocabularyTest, RefusesTextWithoutWords) {
  const std::vector<std::string_view> texts = {"12 34 !!"};
  EXPECT_THROW((void)make_option_vocabulary({}, *tokenizer_, texts), Error);
}

TEST(NearestTokens, FindTheirOwnEmbeddings) {
  RowMatrixXf embeddings(4, 2);
  embeddings << 1, 0, 0, 1, -1, 0, 0, -1;
  auto vectors = std::make_shared<RowMatrixXf>(2, 2);
  *vectors << 0, 0, 3, 3.1F;
  const PromptVectors prompt{.vectors = vectors, .base_ids = {2, 3}};
  // Row 0: (-1, 0). Row 1: (3, 3.1) + (0, -1).
  EXPECT_EQ(nearest_tokens(prompt, testing::MatrixEmbeddings(embeddings)),
            (std::vector<TokenId>{2, 0}));
}

TEST(NearestTokens, AreTheFirstOfEqualsHoweverTheRowsCome) {
  RowMatrixXf embeddings = RowMatrixXf::Random(41, 19);
  embeddings.row(9) = embeddings.row(30);  // in another block
  embeddings.row(40) = embeddings.row(2);
  auto vectors = std::make_shared<RowMatrixXf>(3, 19);
  *vectors << embeddings.row(30), embeddings.row(40), embeddings.row(17) * 3;
  const PromptVectors prompt{.vectors = vectors, .base_ids = {}};
  for (const Eigen::Index num_rows : {8, 16, 40, 48}) {
    EXPECT_EQ(nearest_tokens(prompt, testing::MatrixEmbeddings(embeddings, num_rows)),
              (std::vector<TokenId>{9, 2, 17}));
  }
}

}  // namespace
}  // namespace bbprompt
