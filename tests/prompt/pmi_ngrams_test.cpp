#include "prompt/pmi_ngrams.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

std::vector<std::string> texts_of(const std::vector<Ngram>& ngrams) {
  std::vector<std::string> texts;
  texts.reserve(ngrams.size());
  for (const Ngram& ngram : ngrams) texts.push_back(ngram.text);
  return texts;
}

// Words: new 3, york 3, is 3, big 2, city 2. Eleven pairs of neighbours, with their PMI:
//   new york 3: ln(11 * 3 / (3 * 3)) = 1.299     york is 2: ln(11 * 2 / (3 * 3)) = 0.894
//   is big 2:   ln(11 * 2 / (3 * 2)) = 1.299     york city, city is, big new 1: ln(11 / 6) = 0.606
//   big city 1: ln(11 / (2 * 2)) = 1.012
const std::vector<std::string_view> kCities = {"new york is big new york is big city",
                                               "new york city is"};

TEST(PmiNgrams, FollowTheHandComputedExample) {
  // Threshold 1: strong are new-york, is-big, big-city. Segments: new york 3, is big 1, is big
  // city 1, city 1, is 1. With min_count 0 all are n-grams; occurrences anywhere: new york 3,
  // is big 2, is big city 1, city 2, is 3.
  const auto ngrams = pmi_ngrams(
      kCities,
      {.max_ngram = 3, .min_count = 0, .min_pmi = 1.0, .min_pair_count = 1, .min_frequency = 0});
  ASSERT_THAT(texts_of(ngrams), ElementsAre("new york", "is", "is big", "city", "is big city"));
  EXPECT_EQ(ngrams[0].count, 3);
  EXPECT_EQ(ngrams[1].count, 3);
  EXPECT_EQ(ngrams[4].count, 1);
  EXPECT_NEAR(ngrams[0].pmi, std::log(11.0 / 3.0), 1e-12);
  EXPECT_NEAR(ngrams[2].pmi, std::log(11.0 / 3.0), 1e-12);
  EXPECT_NEAR(ngrams[4].pmi, std::log(11.0 / 4.0), 1e-12);  // the weaker of its pairs
  EXPECT_TRUE(std::isnan(ngrams[1].pmi));
}

TEST(PmiNgrams, KeepWhatIsAboveTheCountsAndNoLongerThanTheLimit) {
  EXPECT_THAT(texts_of(pmi_ngrams(kCities, {.max_ngram = 2,
                                            .min_count = 0,
                                            .min_pmi = 1.0,
                                            .min_pair_count = 1,
                                            .min_frequency = 2})),
              ElementsAre("new york", "is"));
  EXPECT_THAT(texts_of(pmi_ngrams(kCities, {.max_ngram = 3,
                                            .min_count = 1,
                                            .min_pmi = 1.0,
                                            .min_pair_count = 1,
                                            .min_frequency = 0})),
              ElementsAre("new york"));
  // Above every PMI each word is a segment; below all of them each text is one.
  EXPECT_THAT(texts_of(pmi_ngrams(kCities, {.max_ngram = 5,
                                            .min_count = 0,
                                            .min_pmi = 9.0,
                                            .min_pair_count = 1,
                                            .min_frequency = 0})),
              ElementsAre("york", "new", "is", "city", "big"));
  EXPECT_THAT(texts_of(pmi_ngrams(kCities, {.max_ngram = 5,
                                            .min_count = 0,
                                            .min_pmi = -9.0,
                                            .min_pair_count = 1,
                                            .min_frequency = 0})),
              ElementsAre("new york city is"));
}

TEST(PmiNgrams, JoinOnlyNeighboursFoundOftenEnough) {
  // As in the example, but "big city" met once: segments new york 3, is big 2, city 2, is 1.
  EXPECT_THAT(texts_of(pmi_ngrams(kCities, {.max_ngram = 3,
                                            .min_count = 1,
                                            .min_pmi = 1.0,
                                            .min_pair_count = 2,
                                            .min_frequency = 0})),
              ElementsAre("new york", "is big", "city"));
}

TEST(PmiNgrams, CutWhatFollowsTheLastLetterAndKeepOneOfEachText) {
  const std::vector<std::string_view> texts = {"good, good, good", "good fine) fine)"};
  const auto ngrams = pmi_ngrams(
      texts,
      {.max_ngram = 1, .min_count = 0, .min_pmi = 9.0, .min_pair_count = 1, .min_frequency = 0});
  EXPECT_THAT(texts_of(ngrams), ElementsAre("good", "fine"));
  EXPECT_EQ(ngrams[0].count, 2);
}

TEST(WordRuns, ReadWordsAsTheyAreWritten) {
  const std::vector<std::pair<std::string, std::vector<Words>>> cases = {
      {"", {}},
      {" -- ", {}},
      {"It was\tgood.\n", {{"It", "was", "good."}}},
      {"(the \"film\")", {{"the", "film\")"}}},
      {"so -- good", {{"so"}, {"good"}}},
      {"caf\xc3\xa9\xc2\xa0na\xc3\xafve\xe3\x80\x80\xe6\x98\xa0\xe7\x94\xbb",
       {{"caf\xc3\xa9", "na\xc3\xafve", "\xe6\x98\xa0\xe7\x94\xbb"}}},
      {"a\x01"
       "b $5",
       {{"a", "b", "5"}}},
  };
  for (const auto& [text, wanted] : cases) {
    std::vector<Words> found;
    for (const auto& run : word_runs(text)) found.emplace_back(run.begin(), run.end());
    EXPECT_EQ(found, wanted) << text;
  }
}

// The same by plain loops over strings.
std::vector<std::pair<std::string, int>> brute_force(const std::vector<Words>& corpus,
                                                     const PmiNgramOptions& options) {
  std::map<std::string, double> words;
  std::map<std::pair<std::string, std::string>, double> pairs;
  double total = 0.0;
  for (const Words& text : corpus) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      words[text[i]] += 1.0;
      if (i == 0) continue;
      pairs[{text[i - 1], text[i]}] += 1.0;
      total += 1.0;
    }
  }
  std::map<Words, int> segments;
  for (const Words& text : corpus) {
    Words segment;
    for (const std::string& word : text) {
      if (!segment.empty()) {
        const double both = pairs[{segment.back(), word}];
        const double pmi = std::log(total * both / (words[segment.back()] * words[word]));
        if (pmi < options.min_pmi || both < static_cast<double>(options.min_pair_count)) {
          ++segments[segment];
          segment.clear();
        }
      }
      segment.push_back(word);
    }
    if (!segment.empty()) ++segments[segment];
  }
  std::vector<std::pair<int, std::string>> kept;
  for (const auto& [segment, count] : segments) {
    if (count <= options.min_count || static_cast<int>(segment.size()) > options.max_ngram)
      continue;
    int occurrences = 0;
    for (const Words& text : corpus) {
      for (std::size_t at = 0; at + segment.size() <= text.size(); ++at) {
        occurrences += std::equal(segment.begin(), segment.end(),
                                  text.begin() + static_cast<std::ptrdiff_t>(at))
                           ? 1
                           : 0;
      }
    }
    if (occurrences <= options.min_frequency) continue;
    std::string joined = segment[0];
    for (std::size_t i = 1; i < segment.size(); ++i) joined += " " + segment[i];
    kept.emplace_back(occurrences, joined);
  }
  std::sort(kept.rbegin(), kept.rend());
  std::vector<std::pair<std::string, int>> listed;
  listed.reserve(kept.size());
  for (const auto& [count, text] : kept) listed.emplace_back(text, count);
  return listed;
}

TEST(PmiNgrams, AgreeWithPlainLoopsOnRandomTexts) {
  RandomStream random({.seed = 11, .purpose = "test_corpus"});
  for (int repetition = 0; repetition < 60; ++repetition) {
    std::vector<Words> corpus(1 + random.below(12));
    std::vector<std::string> texts;
    for (Words& text : corpus) {
      std::string joined;
      const std::uint64_t length = random.below(25);
      for (std::uint64_t i = 0; i < length; ++i) {
        // Words after a word are likely its successor, so that there are phrases to find.
        const std::uint64_t number =
            i > 0 && random.below(3) > 0
                ? (static_cast<std::uint64_t>(text.back()[1] - 'a') + 1) % 8
                : random.below(8);
        text.push_back(std::string("w") + static_cast<char>('a' + number));
        joined += text.back() + " ";
      }
      texts.push_back(joined);
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const PmiNgramOptions options{.max_ngram = 1 + static_cast<int>(random.below(5)),
                                  .min_count = static_cast<std::int64_t>(random.below(3)),
                                  .min_pmi = 2.0 * random.uniform(),
                                  .min_pair_count = 1 + static_cast<std::int64_t>(random.below(3)),
                                  .min_frequency = static_cast<std::int64_t>(random.below(4))};
    std::vector<std::pair<std::string, int>> found;
    for (const Ngram& ngram : pmi_ngrams(views, options)) {
      found.emplace_back(ngram.text, static_cast<int>(ngram.count));
    }
    EXPECT_EQ(found, brute_force(corpus, options)) << repetition;
  }
}

}  // namespace
}  // namespace bbprompt
