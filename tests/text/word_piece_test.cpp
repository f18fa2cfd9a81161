// WordPiece and its normalizer where no reference output exists: cased models, switches, templates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/text/tokenizer.hpp"
#include "tests/text/golden.hpp"
#include "tests/text/small_models.hpp"
#include "text/bert_normalizer.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using testing::load_model;
using testing::small_bert;
using testing::TemporaryFolder;
using testing::write_text;

const std::string kLines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nThe\nfilm\n##s\né\ne\nI\ni\n";

std::unique_ptr<Tokenizer> load_lines(const std::string& lines, const std::string& config) {
  const TemporaryFolder folder;
  write_text(folder / "vocab.txt", lines);
  write_text(folder / "tokenizer_config.json", config);
  return load_tokenizer(folder.path());
}

struct NormalizerCase {
  std::string name;
  BertNormalizerOptions options;
  std::string text;
  std::string normalized;
};

TEST(BertNormalizer, SwitchesDoWhatTheySay) {
  const std::string nul(1, '\0');
  const std::vector<NormalizerCase> cases = {
      {"all on", {}, "\tÀ" + nul + "B\u200Bc中", " abc 中 "},
      {"all off", {false, false, false, false}, "\tÀ" + nul + "中", "\tÀ" + nul + "中"},
      {"cased", {true, true, false, false}, "ÀB\r\n中", "ÀB   中 "},
      {"lower case with accents", {true, true, false, true}, "ÀB", "àb"},
      {"dotted capital I", {true, true, false, true}, "\u0130", "i\u0307"},
      {"dotted capital I without accents", {}, "\u0130", "i"},
      {"final sigma", {}, "ΛΟΓΟΣ", "λογοσ"},
      {"accents alone", {false, false, true, false}, "ÀÉ", "AE"},
      {"Hangul", {}, "글", "\u1100\u1173\u11AF"},
  };
  for (const NormalizerCase& normalizer : cases) {
    const NormalizedText result = normalize(normalizer.text, normalizer.options);
    EXPECT_EQ(result.text, normalizer.normalized) << normalizer.name;
    EXPECT_EQ(result.sources.size(), result.text.size()) << normalizer.name;
  }
}

TEST(BertNormalizer, SourcesAreTheCharactersThatBytesComeFrom) {
  const NormalizedText result = normalize("aÉ\u200B中", {});
  EXPECT_EQ(result.text, "ae 中 ");
  const ByteRange chinese = {6, 9};
  EXPECT_THAT(result.sources, ElementsAre(ByteRange{0, 1}, ByteRange{1, 3}, chinese, chinese,
                                          chinese, chinese, chinese));
}

TEST(WordPiece, CasedVocabulariesKeepCaseAndAccents) {
  const auto tokenizer = load_lines(kLines, R"({"do_lower_case": false})");
  EXPECT_THAT(tokenizer->encode("The the é FILM films").ids, ElementsAre(6, 5, 9, 1, 7, 8));
}

TEST(WordPiece, LowerCaseIsTheDefaultAndStripsAccents) {
  EXPECT_THAT(load_lines(kLines, "{}")->encode("The é FILMS").ids, ElementsAre(5, 10, 7, 8));
}

TEST(WordPiece, AccentsFollowTheirOwnSwitchWhereItIsGiven) {
  const auto kept = load_lines(kLines, R"({"strip_accents": false})");
  EXPECT_THAT(kept->encode("THE É").ids, ElementsAre(5, 9));
  const auto stripped = load_lines(kLines, R"({"do_lower_case": false, "strip_accents": true})");
  EXPECT_THAT(stripped->encode("The é").ids, ElementsAre(6, 10));
}

TEST(WordPiece, WindowsLineEndsAndAMissingLastOneAreAccepted) {
  std::string windows;
  for (const char c : kLines) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const std::string text = "The films i";
  const auto expected = load_lines(kLines, "{}")->encode(text).ids;
  EXPECT_EQ(load_lines(windows, "{}")->encode(text).ids, expected);
  EXPECT_EQ(load_lines(kLines.substr(0, kLines.size() - 1), "{}")->encode(text).ids, expected);
}

TEST(WordPiece, SpecialTokensMayHaveOtherSpellings) {
  const auto tokenizer = load_lines("<p>\n<u>\n<c>\n<e>\n<m>\nthe\n", R"({
      "cls_token": "<c>", "sep_token": {"content": "<e>"}, "pad_token": "<p>",
      "unk_token": "<u>", "mask_token": {"content": "<m>", "lstrip": true}})");
  EXPECT_THAT(tokenizer->encode_for_model("The <m> x").ids, ElementsAre(2, 5, 4, 1, 3));
  EXPECT_EQ(tokenizer->special_tokens().mask, 4);
  EXPECT_TRUE(tokenizer->mask_strips_left());
  EXPECT_FALSE(load_model(small_bert())->mask_strips_left());
}

TEST(WordPiece, TokenizerJsonDecidesWhatAnUnknownWordBecomes) {
  const TemporaryFolder folder;
  write_text(folder / "tokenizer.json", small_bert().dump());
  write_text(folder / "special_tokens_map.json", R"({"unk_token": "[PAD]"})");
  EXPECT_THAT(load_tokenizer(folder.path())->encode("xyz").ids, ElementsAre(1));
}

TEST(WordPiece, AddedTokensOfTheConfigurationExtendTheVocabulary) {
  const auto tokenizer = load_lines(kLines, R"({"added_tokens_decoder": {
      "4": {"content": "[MASK]"}, "13": {"content": "the film", "normalized": true}}})");
  EXPECT_EQ(tokenizer->vocabulary_size(), 14U);
  const Encoding encoding = tokenizer->encode("I é THE\tfilm");
  EXPECT_THAT(encoding.ids, ElementsAre(12, 10, 13));
  EXPECT_EQ(encoding.ranges.back(), (ByteRange{5, 13}));
}

TEST(WordPiece, OfSeveralAddedTokensTheLongestCounts) {
  nlohmann::json model = small_bert();
  model["added_tokens"].push_back(testing::added_token("[MASK]s", 12));
  EXPECT_THAT(load_model(model)->encode("[MASK][MASK]s").ids, ElementsAre(4, 12));
}

TEST(WordPiece, RightStripSwallowsTheSpaceBehind) {
  nlohmann::json model = small_bert();
  model["added_tokens"][4]["rstrip"] = true;
  const Encoding encoding = load_model(model)->encode("[MASK] \t[MASK] the");
  EXPECT_THAT(encoding.ids, ElementsAre(4, 4, 5));
  EXPECT_THAT(encoding.ranges, ElementsAre(ByteRange{0, 8}, ByteRange{8, 15}, ByteRange{15, 18}));
}

TEST(WordPiece, WordsBeyondTheLimitAreUnknown) {
  nlohmann::json model = small_bert();
  model["model"]["max_input_chars_per_word"] = 4;
  const auto tokenizer = load_model(model);
  EXPECT_THAT(tokenizer->encode("film films").ids, ElementsAre(6, 1));
  EXPECT_THAT(tokenizer->encode(std::string(std::size_t{1} << 20, 'e')).ids, ElementsAre(1));
}

TEST(WordPiece, InvalidBytesAreDroppedLikeReplacementCharacters) {
  const Encoding encoding = load_model(small_bert())->encode("the\xFF fi\xC3lm");
  EXPECT_THAT(encoding.ids, ElementsAre(5, 6));
  EXPECT_THAT(encoding.ranges, ElementsAre(ByteRange{0, 3}, ByteRange{5, 10}));
}

TEST(WordPiece, TemplatesOfEitherKindGiveTheSameInput) {
  nlohmann::json model = small_bert();
  const auto sequence = [](const char* id, int type) {
    return nlohmann::json{{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  const auto special = [](const char* id, int type) {
    return nlohmann::json{{"SpecialToken", {{"id", id}, {"type_id", type}}}};
  };
  model["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)}},
      {"pair",
       {special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0), sequence("B", 1),
        special("[SEP]", 1)}},
      {"special_tokens",
       {{"[CLS]", {{"ids", {2}}, {"tokens", {"[CLS]"}}}},
        {"[SEP]", {{"ids", {3}}, {"tokens", {"[SEP]"}}}}}}};
  const ModelInput expected = load_model(small_bert())->encode_for_model("the film", "watching.");
  const ModelInput found = load_model(model)->encode_for_model("the film", "watching.");
  EXPECT_THAT(expected.ids, ElementsAre(2, 5, 6, 3, 9, 8, 10, 3));
  EXPECT_THAT(expected.type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1));
  EXPECT_EQ(found.ids, expected.ids);
  EXPECT_EQ(found.type_ids, expected.type_ids);
}

TEST(WordPiece, DecodingLeavesSpacesBeforePunctuationWhereTheFileSaysSo) {
  nlohmann::json model = small_bert();
  const std::vector<TokenId> ids = {5, 6, 7, 10};
  EXPECT_EQ(load_model(model)->decode(ids), "the films.");
  model["decoder"]["cleanup"] = false;
  EXPECT_EQ(load_model(model)->decode(ids), "the films .");
}

}  // namespace
}  // namespace bbprompt
