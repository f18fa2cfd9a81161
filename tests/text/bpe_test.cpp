// Byte-level BPE: its parts against brute force and ICU's regular expressions, and its behaviour
// where no reference output exists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unicode/regex.h>

#include <array>
#include <map>
#include <thread>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "tests/text/golden.hpp"
#include "tests/text/small_models.hpp"
#include "text/bpe_merges.hpp"
#include "text/gpt2_words.hpp"
#include "text/word_cache.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using testing::load_model;
using testing::model_folder;
using testing::small_roberta;
using testing::TemporaryFolder;
using testing::write_text;

void append_code_point(std::string& text, char32_t code_point) {
  icu::UnicodeString(static_cast<UChar32>(code_point)).toUTF8String(text);
}

// Valid UTF-8 that mixes ASCII, white space of many kinds and characters of every plane.
std::string random_text(RandomStream& random, std::size_t num_characters) {
  constexpr char32_t kCommon[] = {' ',  ' ',   ' ',   '\'',   's',    't',     'r',    'e',
                                  'l',  'v',   'd',   'm',    '1',    '2',     '.',    '!',
                                  '\t', '\n',  0x0B,  0x85,   0xA0,   0x2003,  0x3000, 0x200B,
                                  0xE9, 0x301, 0x663, 0x4E2D, 0x2164, 0x1F600, 0,      0xFFFD};
  std::string text;
  for (std::size_t i = 0; i < num_characters; ++i) {
    char32_t next = kCommon[random.below(std::size(kCommon))];
    if (random.below(4) == 0) {
      next = static_cast<char32_t>(random.below(0x110000));
      if (next >= 0xD800 && next < 0xE000) next -= 0x800;
    }
    append_code_point(text, next);
  }
  return text;
}

// ---- merges ----

struct BruteRule {
  std::size_t rank;
  TokenId merged;
};

// The definition: of all neighbours with a rule take the earliest rule, leftmost, and merge.
std::vector<TokenId> merge_by_brute_force(
    std::vector<TokenId> ids, const std::map<std::pair<TokenId, TokenId>, BruteRule>& rules) {
  while (true) {
    std::optional<std::pair<std::size_t, std::size_t>> best;  // rank, position
    TokenId merged = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto rule = rules.find({ids[i], ids[i + 1]});
      if (rule == rules.end() || (best && rule->second.rank >= best->first)) continue;
      best = {rule->second.rank, i};
      merged = rule->second.merged;
    }
    if (!best) return ids;
    const auto at = ids.begin() + static_cast<std::ptrdiff_t>(best->second);
    *at = merged;
    ids.erase(at + 1);
  }
}

TEST(BpeMerges, MergeAsBruteForceDoesForRandomRules) {
  RandomStream random({.seed = 3, .purpose = "bpe_merges"});
  for (int round = 0; round < 300; ++round) {
    const std::size_t num_symbols = 2 + random.below(4);
    std::map<std::pair<TokenId, TokenId>, BruteRule> expected;
    BpeMerges merges(0);
    for (std::size_t i = 0; i < random.below(40); ++i) {
      const auto num_tokens = num_symbols + expected.size();
      const auto left = static_cast<TokenId>(random.below(num_tokens));
      const auto right = static_cast<TokenId>(random.below(num_tokens));
      const auto merged = static_cast<TokenId>(num_tokens);
      const bool is_new =
          expected.emplace(std::pair(left, right), BruteRule{expected.size(), merged}).second;
      EXPECT_EQ(merges.add(left, right, merged), is_new);
    }
    BpeMerges::Scratch scratch;
    for (int word = 0; word < 5; ++word) {
      std::vector<TokenId> ids(random.below(60));
      for (TokenId& id : ids) id = static_cast<TokenId>(random.below(num_symbols));
      const auto wanted = merge_by_brute_force(ids, expected);
      merges.apply(ids, scratch);
      ASSERT_EQ(ids, wanted);
    }
  }
}

// ---- words ----

std::vector<std::string> words_by_regex(const std::string& text) {
  static const icu::UnicodeString kPattern = icu::UnicodeString::fromUTF8(
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|)"
      R"(\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+)");
  const icu::UnicodeString unicode = icu::UnicodeString::fromUTF8(text);
  UErrorCode status = U_ZERO_ERROR;
  icu::RegexMatcher matcher(kPattern, unicode, 0, status);
  std::vector<std::string> words;
  while (matcher.find(status) != 0) matcher.group(status).toUTF8String(words.emplace_back());
  EXPECT_TRUE(U_SUCCESS(status)) << u_errorName(status);
  return words;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_word_end(text, begin);
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

TEST(Gpt2Words, AreThoseOfThePublishedPattern) {
  RandomStream random({.seed = 5, .purpose = "gpt2_words"});
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random, random.below(24));
    ASSERT_EQ(words_of(text), words_by_regex(text)) << round;
  }
}

// ---- the tokenizer ----

TEST(ByteLevelBpe, DecodingGivesBackEveryValidText) {
  const auto tokenizer = load_model(small_roberta());
  RandomStream random({.seed = 11, .purpose = "round_trip"});
  for (int round = 0; round < 1000; ++round) {
    const std::string text = random_text(random, random.below(40));
    const Encoding encoding = tokenizer->encode(text);
    ASSERT_EQ(tokenizer->decode(encoding.ids), text) << round;
  }
}

TEST(ByteLevelBpe, DecodingGivesBackEveryValidTextWithTheFullVocabulary) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
  const auto tokenizer = load_tokenizer(model_folder("tiny-gpt2-random"));
  RandomStream random({.seed = 12, .purpose = "round_trip"});
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random, random.below(200));
    const Encoding encoding = tokenizer->encode(text);
    ASSERT_EQ(tokenizer->decode(encoding.ids), text) << round;
    std::size_t end = 0;  // GPT-2 ranges cover the text; those of one character's parts are equal
    for (const ByteRange& range : encoding.ranges) {
      ASSERT_LE(range.begin, end);
      ASSERT_GE(range.end, end);
      end = range.end;
    }
    ASSERT_EQ(end, text.size());
  }
}

TEST(ByteLevelBpe, MergesAreReadInBothForms) {
  nlohmann::json pairs = small_roberta();
  const std::vector<std::array<std::string, 2>> rules = {
      {"h", "e"}, {"t", "he"}, {"Ġ", "the"}, {"#", "#"}};
  pairs["model"]["merges"] = rules;
  const std::string text = "the the ##";
  EXPECT_THAT(load_model(small_roberta())->encode(text).ids, ElementsAre(261, 262, 36, 263));
  EXPECT_EQ(load_model(pairs)->encode(text).ids, load_model(small_roberta())->encode(text).ids);
}

TEST(ByteLevelBpe, ModelTypeMayBeLeftOutAsInOldFiles) {
  nlohmann::json old = small_roberta();
  old["model"].erase("type");
  EXPECT_EQ(load_model(old)->encode("the").ids, load_model(small_roberta())->encode("the").ids);
}

TEST(ByteLevelBpe, AddedPrefixSpaceHasNoRange) {
  nlohmann::json model = small_roberta();
  model["pre_tokenizer"]["add_prefix_space"] = true;
  const auto tokenizer = load_model(model);
  const Encoding encoding = tokenizer->encode("the<mask>x");
  EXPECT_THAT(encoding.ids, ElementsAre(262, 264, 36, *tokenizer->find_token("x")));
  EXPECT_THAT(encoding.ranges,
              ElementsAre(ByteRange{0, 3}, ByteRange{3, 9}, ByteRange{9, 9}, ByteRange{9, 10}));
  EXPECT_THAT(tokenizer->encode(" the").ids, ElementsAre(262));
  EXPECT_TRUE(tokenizer->encode("").ids.empty());
}

TEST(ByteLevelBpe, PrefixSpaceOfTheConfigurationIsHeededWithoutTokenizerJson) {
  const TemporaryFolder folder;
  write_text(folder / "vocab.json", small_roberta()["model"]["vocab"].dump());
  write_text(folder / "merges.txt", "#version: 0.2\nh e\nt he\nĠ the");
  EXPECT_THAT(load_tokenizer(folder.path())->encode("the").ids, ElementsAre(261));
  write_text(folder / "tokenizer_config.json", R"({"add_prefix_space": true})");
  EXPECT_THAT(load_tokenizer(folder.path())->encode("the").ids, ElementsAre(262));
}

TEST(ByteLevelBpe, WindowsLineEndsAndAMissingLastOneAreAccepted) {
  for (const char* merges : {"#version: 0.2\r\nh e\r\nt he\r\n# #\r\n", "h e\nt he\n# #",
                             "#version: 0.2\nh e\nt he\n# #\n\n\r\n"}) {
    const TemporaryFolder folder;
    write_text(folder / "vocab.json", small_roberta()["model"]["vocab"].dump());
    write_text(folder / "merges.txt", merges);
    EXPECT_THAT(load_tokenizer(folder.path())->encode("the##").ids, ElementsAre(261, 263))
        << merges;
  }
}

TEST(ByteLevelBpe, InvalidBytesAreReadAsReplacementCharactersOneByOne) {
  const auto tokenizer = load_model(small_roberta());
  const std::string replacement = "\xEF\xBF\xBD";
  const Encoding encoding = tokenizer->encode("a\xE2\x82z\xFF");
  EXPECT_EQ(encoding.ids,
            tokenizer->encode("a" + replacement + replacement + "z" + replacement).ids);
  EXPECT_THAT(encoding.ranges,
              ElementsAre(ByteRange{0, 1}, ByteRange{1, 2}, ByteRange{1, 2}, ByteRange{1, 2},
                          ByteRange{2, 3}, ByteRange{2, 3}, ByteRange{2, 3}, ByteRange{3, 4},
                          ByteRange{4, 5}, ByteRange{4, 5}, ByteRange{4, 5}));
}

TEST(ByteLevelBpe, PartsOfACharacterDecodeToOneReplacementCharacter) {
  const auto tokenizer = load_model(small_roberta());
  auto ids = tokenizer->encode("€x").ids;
  ids.erase(ids.begin() + 2);
  EXPECT_EQ(tokenizer->decode(ids), "\xEF\xBF\xBDx");
}

TEST(ByteLevelBpe, AWordOfAMegabyteIsEncoded) {
  const auto tokenizer = load_model(small_roberta());
  std::string text;
  while (text.size() < (std::size_t{1} << 20)) text += "thehe";
  const Encoding encoding = tokenizer->encode(text);
  EXPECT_EQ(encoding.ids.size(), 2 * text.size() / 5);
  EXPECT_EQ(tokenizer->decode(encoding.ids), text);
}

TEST(WordCache, HoldsABoundedNumberOfShortWords) {
  WordCache cache;
  std::vector<TokenId> ids = {7};
  EXPECT_FALSE(cache.find("word", ids));
  EXPECT_THAT(ids, ElementsAre(7));
  cache.add("word", {1, 2});
  cache.add("word", {3});
  cache.add(std::string(WordCache::kMaxWordBytes + 1, 'a'), {4});
  for (std::size_t i = 0; i < WordCache::kMaxWords; ++i) cache.add(std::to_string(i), {5});
  EXPECT_TRUE(cache.find("word", ids));
  EXPECT_THAT(ids, ElementsAre(1, 2));
  EXPECT_FALSE(cache.find(std::string(WordCache::kMaxWordBytes + 1, 'a'), ids));
  EXPECT_TRUE(cache.find(std::to_string(WordCache::kMaxWords - 2), ids));
  EXPECT_FALSE(cache.find(std::to_string(WordCache::kMaxWords - 1), ids));
}

// Each text by a tokenizer that has met nothing, and by one that four threads share.
TEST(ByteLevelBpe, WordsMetBeforeGiveTheSameTokens) {
  RandomStream random({.seed = 5, .purpose = "words_met_before"});
  std::vector<std::string> texts(60);
  std::vector<std::vector<TokenId>> expected(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = random_text(random, 40);
    expected[i] = load_model(small_roberta())->encode(texts[i]).ids;
  }
  const auto shared = load_model(small_roberta());
  std::array<bool, 4> agrees{};
  std::vector<std::thread> threads;
  threads.reserve(agrees.size());
  for (bool& agree : agrees) {
    threads.emplace_back([&] {
      agree = true;
      for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < texts.size(); ++i)
          agree = agree && shared->encode(texts[i]).ids == expected[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(agrees, ::testing::Each(true));
}

TEST(ByteLevelBpe, AMegabyteOfMaskTokensIsEncoded) {
  const auto tokenizer = load_model(small_roberta());
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "   <mask>";
  EXPECT_EQ(tokenizer->encode(text).ids, std::vector<TokenId>(100000, 264));
}

TEST(ByteLevelBpe, KnowsItsSpecialTokens) {
  const auto tokenizer = load_model(small_roberta());
  const SpecialTokens& special = tokenizer->special_tokens();
  EXPECT_EQ(special.begin, 0);
  EXPECT_EQ(special.pad, 1);
  EXPECT_EQ(special.separator, 2);
  EXPECT_EQ(special.unknown, 3);
  EXPECT_EQ(special.mask, 264);
  EXPECT_TRUE(tokenizer->mask_strips_left());
  EXPECT_EQ(tokenizer->token(262), "Ġthe");
  EXPECT_EQ(tokenizer->find_token("Ġthe"), 262);
  EXPECT_EQ(tokenizer->find_token(" the"), std::nullopt);
  EXPECT_EQ(tokenizer->vocabulary_size(), 265U);
}

TEST(ByteLevelBpe, MaskKeepsTheSpaceBeforeItWhereTheFileSaysSo) {
  nlohmann::json model = small_roberta();
  model["added_tokens"][4]["lstrip"] = false;
  const auto tokenizer = load_model(model);
  EXPECT_FALSE(tokenizer->mask_strips_left());
  EXPECT_THAT(tokenizer->encode("the <mask>").ids, ElementsAre(261, 36, 264));
}

TEST(ByteLevelBpe, IdsOutsideTheVocabularyAreErrors) {
  const auto tokenizer = load_model(small_roberta());
  for (const TokenId id : {-1, 265, 2147483647}) {
    EXPECT_THROW(static_cast<void>(tokenizer->token(id)), Error);
    EXPECT_THROW(static_cast<void>(tokenizer->decode(std::vector<TokenId>{0, id})), Error);
  }
}

TEST(ByteLevelBpe, Gpt2KnowsNoPairs) {
  nlohmann::json model = small_roberta();
  model["post_processor"] = {{"type", "ByteLevel"}, {"trim_offsets", false}};
  const auto tokenizer = load_model(model);
  EXPECT_EQ(tokenizer->encode_for_model("the the").ids, tokenizer->encode("the the").ids);
  EXPECT_THROW(static_cast<void>(tokenizer->encode_for_model("the", "the")), Error);
}

TEST(ByteLevelBpe, Gpt2sOwnVocabularyHasOneSpecialToken) {
  nlohmann::json vocabulary;
  int id = 0;
  for (const std::string& symbol : testing::byte_symbols()) vocabulary[symbol] = id++;
  vocabulary["he"] = id++;
  vocabulary["<|endoftext|>"] = id;
  const TemporaryFolder folder;
  write_text(folder / "vocab.json", vocabulary.dump());
  write_text(folder / "merges.txt", "#version: 0.2\nh e\n");
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->special_tokens().begin, 257);
  EXPECT_EQ(tokenizer->special_tokens().separator, 257);
  EXPECT_EQ(tokenizer->special_tokens().mask, std::nullopt);
  EXPECT_THAT(tokenizer->encode_for_model("he<|endoftext|>").ids, ElementsAre(256, 257));
}

TEST(Fingerprint, ChangesWithVocabularyAndRulesAlone) {
  nlohmann::json other = small_roberta();
  other["added_tokens"][4]["lstrip"] = false;
  const std::string fingerprint = load_model(small_roberta())->fingerprint();
  EXPECT_EQ(fingerprint.size(), 64U);
  EXPECT_EQ(fingerprint, load_model(small_roberta())->fingerprint());
  EXPECT_NE(fingerprint, load_model(other)->fingerprint());
}

}  // namespace
}  // namespace bbprompt
