#include "bbprompt/prompt/option_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

// Which texts were looked at shows in the candidates: the same owner stands for the same texts, so
// other texts beside it are not looked at.
class CandidateCacheTest : public ::testing::Test {
 protected:
  static DiscretePromptOptions first(int count) {
    DiscretePromptOptions options;
    options.num_candidates = count;
    return options;
  }

  std::vector<std::string> find(const DiscretePromptOptions& options, const Texts& texts,
                                const std::shared_ptr<const void>& owner) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<std::string> words;
    for (const PromptOption& candidate : cache_.get(options, *tokenizer_, views, owner).options)
      words.push_back(candidate.text);
    return words;
  }

  std::unique_ptr<Tokenizer> tokenizer_ =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  OptionCache cache_;
  const Texts films_ = {"the film", "a film of the film"};
  const Texts books_ = {"this book", "my book by this man, a book"};
  std::shared_ptr<const Texts> owner_ = std::make_shared<const Texts>(films_);
};

TEST_F(CandidateCacheTest, LooksThroughTheTextsOfAnOwnerOnce) {
  const auto words = find(first(2), films_, owner_);
  EXPECT_THAT(words, ElementsAre("film", "the"));
  EXPECT_EQ(find(first(2), books_, owner_), words);
  EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(CandidateCacheTest, OtherOptionsOrAnotherOwnerAreLookedFor) {
  EXPECT_THAT(find(first(2), films_, owner_), ElementsAre("film", "the"));
  EXPECT_THAT(find(first(3), films_, owner_), ElementsAre("film", "the", "of"));
  DiscretePromptOptions content = first(2);
  content.candidates.is_without_stop_words = true;
  const Texts both = {"a film of the book, a film", "the film of a book"};
  EXPECT_THAT(find(content, both, owner_), ElementsAre("film", "book"));
  DiscretePromptOptions phrases = first(2);
  phrases.candidates.source = CandidateSource::kPmiPhrases;
  phrases.candidates.pmi = {.min_count = 0, .min_frequency = 0};
  const auto at_once = find(phrases, both, owner_);
  phrases.candidates.pmi.min_pmi = -100.0;
  EXPECT_NE(find(phrases, both, owner_), at_once);
  const auto other = std::make_shared<const Texts>(books_);
  EXPECT_THAT(find(first(2), books_, other), ElementsAre("book", "this"));
  EXPECT_EQ(cache_.size(), 6U);
}

TEST_F(CandidateCacheTest, ForgetsWithTheOwner) {
  (void)find(first(2), films_, owner_);
  owner_.reset();
  const auto other = std::make_shared<const Texts>(books_);
  EXPECT_THAT(find(first(2), books_, other), ElementsAre("book", "this"));
  EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(CandidateCacheTest, KeepsTheLatestOnes) {
  for (int count = 2; count < 40; ++count) {
    (void)find(first(count), films_, owner_);
    EXPECT_THAT(find(first(2), books_, owner_), ElementsAre("film", "the")) << "in use, yet lost";
  }
  EXPECT_EQ(cache_.size(), OptionCache::kMaxEntries);
  EXPECT_THAT(find(first(3), books_, owner_).front(), "book") << "the oldest was to go";
}

TEST_F(CandidateCacheTest, RemembersNothingThatIsNotOfTheOwnersTexts) {
  EXPECT_THAT(find(first(2), films_, nullptr), ElementsAre("film", "the"));
  EXPECT_THAT(find(first(2), books_, nullptr).front(), "book");
  const testing::TemporaryFolder folder;
  DiscretePromptOptions listed = first(2);
  listed.candidates.source = CandidateSource::kList;
  listed.candidates.file = folder / "list.txt";
  for (const std::string word : {"film", "book"}) {
    testing::write_text(listed.candidates.file, word + "\nman\n");
    EXPECT_THAT(find(listed, films_, owner_), ElementsAre(word, "man"));
  }
  DiscretePromptOptions given = first(2);
  for (const std::string word : {"film", "book"}) {
    given.words = {word, "man"};
    EXPECT_THAT(find(given, films_, owner_), ElementsAre(word, "man"));
  }
  EXPECT_EQ(cache_.size(), 0U);
}

}  // namespace
}  // namespace bbprompt
