// Broken and hostile tokenizer files: refused with a message that names file, place and finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "tests/text/golden.hpp"
#include "tests/text/refusal.hpp"
#include "tests/text/small_models.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using testing::copy_files;
using ::testing::HasSubstr;
using testing::model_folder;
using testing::read_text;
using testing::refusal;
using testing::small_bert;
using testing::small_roberta;
using testing::TemporaryFolder;
using testing::write_text;

// ---- the shared table of broken files ----

std::vector<std::string> base_files(const std::string& base) {
  if (base == "base-bert") return {"config.json", "tokenizer_config.json", "vocab.txt"};
  return {"config.json", "tokenizer_config.json", "vocab.json", "merges.txt"};
}

TEST(BrokenFiles, TheBaseFoldersLoad) {
  BBPROMPT_REQUIRE_SHARED("models/corrupt");
  const auto corrupt = model_folder("corrupt");
  EXPECT_EQ(load_tokenizer(corrupt / "base-bert", {.model_vocabulary_size = 40})->vocabulary_size(),
            40U);
  EXPECT_EQ(
      load_tokenizer(corrupt / "base-roberta", {.model_vocabulary_size = 272})->vocabulary_size(),
      272U);
}

TEST(BrokenFiles, EveryVocabularyAndMergesCaseIsRefusedNamingTheFile) {
  BBPROMPT_REQUIRE_SHARED("models/corrupt");
  const auto corrupt = model_folder("corrupt");
  int num_cases = 0;
  for (const auto& row : parse_json_file(corrupt / "cases.json")) {
    const auto replaced = row.at("replaces").get<std::string>();
    if (replaced != "vocab.txt" && replaced != "vocab.json" && replaced != "merges.txt") continue;
    SCOPED_TRACE(row.at("file").get<std::string>() + ": " + row.at("wrong").get<std::string>());
    const auto base = row.at("base").get<std::string>();
    const TemporaryFolder folder;
    copy_files(corrupt / base, folder.path(), base_files(base));
    write_text(folder / replaced, read_text(corrupt / row.at("file").get<std::string>()));
    const auto config = parse_json_file(folder / "config.json");
    refusal(folder.path(), replaced,
            {.model_vocabulary_size = config.at("vocab_size").get<std::size_t>()});
    ++num_cases;
  }
  EXPECT_EQ(num_cases, 21);
}

struct PlaceCase {
  std::string file;
  std::string base;
  std::string replaced;
  std::vector<std::string> said;
};

TEST(BrokenFiles, MessagesSayWhatStandsWhere) {
  BBPROMPT_REQUIRE_SHARED("models/corrupt");
  const auto corrupt = model_folder("corrupt");
  const std::vector<PlaceCase> cases = {
      {"vocab_txt/duplicate.txt", "base-bert", "vocab.txt", {"line 21", "\"a\"", "line 6"}},
      {"vocab_txt/not_utf8.txt", "base-bert", "vocab.txt", {"line 36", "UTF-8"}},
      {"vocab_txt/mask_missing.txt", "base-bert", "vocab.txt", {"[MASK]"}},
      {"vocab_txt/unk_missing.txt", "base-bert", "vocab.txt", {"[UNK]"}},
      {"vocab_txt/longer_than_model.txt", "base-bert", "vocab.txt", {"40", "42"}},
      {"bpe/vocab_id_twice.json", "base-roberta", "vocab.json", {"\"it\"", "\"the\""}},
      {"bpe/vocab_token_twice.json", "base-roberta", "vocab.json", {"\"the\"", "twice"}},
      {"bpe/vocab_id_negative.json", "base-roberta", "vocab.json", {"\"it\"", "-5"}},
      {"bpe/vocab_id_string.json", "base-roberta", "vocab.json", {"\"it\"", "a string"}},
      {"bpe/vocab_id_beyond_model.json", "base-roberta", "vocab.json", {"\"it\"", "99999999"}},
      {"bpe/vocab_byte_missing.json", "base-roberta", "vocab.json", {"\"z\"", "0x7A"}},
      {"bpe/vocab_mask_missing.json", "base-roberta", "vocab.json", {"<mask>"}},
      {"bpe/vocab_array.json", "base-roberta", "vocab.json", {"an object", "an array"}},
      {"bpe/merges_unknown_left.txt", "base-roberta", "merges.txt", {"line 10", "\"qua\""}},
      {"bpe/merges_unknown_result.txt", "base-roberta", "merges.txt", {"line 7", "\"iz\""}},
      {"bpe/merges_one_column.txt", "base-roberta", "merges.txt", {"line 10", "two tokens"}},
      {"bpe/merges_three_columns.txt", "base-roberta", "merges.txt", {"line 10", "two tokens"}},
      {"bpe/merges_not_utf8.txt", "base-roberta", "merges.txt", {"line 9", "UTF-8"}},
  };
  for (const PlaceCase& place : cases) {
    SCOPED_TRACE(place.file);
    const TemporaryFolder folder;
    copy_files(corrupt / place.base, folder.path(), base_files(place.base));
    write_text(folder / place.replaced, read_text(corrupt / place.file));
    const std::string message =
        refusal(folder.path(), place.replaced,
                {.model_vocabulary_size = place.base == "base-bert" ? 40U : 272U});
    for (const std::string& part : place.said) EXPECT_THAT(message, HasSubstr(part));
  }
}

// ---- tokenizer.json ----

// `model` with the value at `pointer` replaced, or removed where `value` is discarded.
struct JsonCase {
  std::string pointer;
  json value;
  std::vector<std::string> said;
};

void expect_refused(const json& model, const std::vector<JsonCase>& cases) {
  for (const JsonCase& change : cases) {
    SCOPED_TRACE(change.pointer + " = " + change.value.dump());
    json changed = model;
    changed[json::json_pointer(change.pointer)] = change.value;
    const TemporaryFolder folder;
    write_text(folder / "tokenizer.json", changed.dump());
    const std::string message = refusal(folder.path(), "tokenizer.json");
    for (const std::string& part : change.said) EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST(TokenizerJson, RefusesByteLevelRulesThatItWouldRunWrongly) {
  expect_refused(
      small_roberta(),
      {{"/model/type", "Unigram", {"model.type", "BPE or WordPiece", "\"Unigram\""}},
       {"/model/type", 3, {"model.type", "a string"}},
       {"/model", nullptr, {"\"model\""}},
       {"/model", json::array(), {"an object", "an array"}},
       {"/normalizer", {{"type", "NFC"}}, {"normalizer", "\"NFC\""}},
       {"/pre_tokenizer/type", "Whitespace", {"ByteLevel", "\"Whitespace\""}},
       {"/pre_tokenizer", nullptr, {"pre_tokenizer"}},
       {"/pre_tokenizer", "ByteLevel", {"pre_tokenizer", "a string"}},
       {"/pre_tokenizer/use_regex", false, {"use_regex", "false"}},
       {"/pre_tokenizer/add_prefix_space", "no", {"add_prefix_space", "a string"}},
       {"/decoder/type", "BPEDecoder", {"\"BPEDecoder\""}},
       {"/post_processor/type", "Sequence", {"\"Sequence\""}},
       {"/post_processor/sep", json::array({"</s>", 7}), {"\"</s>\"", "7"}},
       {"/post_processor/sep", json::array({"</x>", 2}), {"\"</x>\""}},
       {"/post_processor/sep", json::array({"</s>"}), {"post_processor.sep"}},
       {"/post_processor/cls", json::array(), {"post_processor.cls"}},
       {"/model/dropout", 0.1, {"model.dropout"}},
       {"/model/byte_fallback", true, {"byte_fallback"}},
       {"/model/ignore_merges", true, {"ignore_merges"}},
       {"/model/continuing_subword_prefix", "##", {"continuing_subword_prefix", "\"##\""}},
       {"/model/end_of_word_suffix", "</w>", {"end_of_word_suffix"}}});
}

TEST(TokenizerJson, RefusesBrokenVocabulariesAndMerges) {
  expect_refused(small_roberta(),
                 {{"/model/vocab", json::array(), {"model.vocab", "an array"}},
                  {"/model/vocab", json::object(), {"\"<"}},
                  {"/model/vocab/he", -1, {"\"he\"", "-1"}},
                  {"/model/vocab/he", "7", {"\"he\"", "a string"}},
                  {"/model/vocab/he", 7.5, {"\"he\"", "a fraction"}},
                  {"/model/vocab/he", 2000000000, {"\"he\"", "2000000000"}},
                  {"/model/vocab/he", 4294967296, {"\"he\"", "4294967296"}},
                  {"/model/vocab/he", 9223372036854775808U, {"\"he\"", "9223372036854775808"}},
                  {"/model/vocab/he", 261, {"\"he\"", "\"the\"", "261"}},
                  {"/model/merges", json::object(), {"model.merges", "an array"}},
                  {"/model/merges", json::array(), {"model.merges"}},
                  {"/model/merges", nullptr, {"\"merges\""}},
                  {"/model/merges/1", "he", {"model.merges.1", "two tokens"}},
                  {"/model/merges/1", "t he x", {"model.merges.1"}},
                  {"/model/merges/1", " he", {"model.merges.1"}},
                  {"/model/merges/1", json::array({"t"}), {"model.merges.1"}},
                  {"/model/merges/1", json::array({"t", 3}), {"model.merges.1"}},
                  {"/model/merges/1", 3, {"model.merges.1", "an integer"}},
                  {"/model/merges/1", "qua he", {"model.merges entry 1", "left", "\"qua\""}},
                  {"/model/merges/1", "t qua", {"model.merges entry 1", "right", "\"qua\""}},
                  {"/model/merges/1", "q u", {"model.merges entry 1", "result", "\"qu\""}},
                  {"/model/merges/1", "h e", {"model.merges entry 1", "once", "h e"}},
                  {"/added_tokens", json::object(), {"added_tokens", "an array"}},
                  {"/added_tokens/0/id", 5, {"\"<s>\"", "5"}},
                  {"/added_tokens/0/id", "0", {"added_tokens.0.id"}},
                  {"/added_tokens/0/id", nullptr, {"added_tokens.0", "\"id\""}},
                  {"/added_tokens/0/content", "", {"added_tokens.0.content"}},
                  {"/added_tokens/0/content", "<new>", {"0"}},
                  {"/added_tokens/0/single_word", true, {"added_tokens.0.single_word"}},
                  {"/added_tokens/0/lstrip", 1, {"added_tokens.0.lstrip"}}});
}

TEST(TokenizerJson, RefusesWordPieceRulesThatItWouldRunWrongly) {
  expect_refused(
      small_bert(),
      {{"/model/type", "WordLevel", {"\"WordLevel\""}},
       {"/normalizer/type", "Lowercase", {"BertNormalizer", "\"Lowercase\""}},
       {"/normalizer/lowercase", 1, {"normalizer.lowercase"}},
       {"/pre_tokenizer/type", "ByteLevel", {"BertPreTokenizer", "\"ByteLevel\""}},
       {"/decoder/type", "ByteLevel", {"WordPiece", "\"ByteLevel\""}},
       {"/decoder/prefix", "@@", {"decoder.prefix", "\"@@\""}},
       {"/post_processor/type", "RobertaProcessing", {"\"RobertaProcessing\""}},
       {"/post_processor/type", "TemplateProcessing", {"post_processor", "special_tokens"}},
       {"/model/max_input_chars_per_word", 0, {"max_input_chars_per_word", "found 0"}},
       {"/model/max_input_chars_per_word", 1000000, {"max_input_chars_per_word", "1000000"}},
       {"/model/max_input_chars_per_word", "100", {"max_input_chars_per_word", "a string"}},
       {"/model/unk_token", "[NONE]", {"\"[NONE]\""}},
       {"/model/vocab", nullptr, {"model", "\"vocab\""}}});
}

json small_template() {
  const json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  const json begin = {{"SpecialToken", {{"id", "[CLS]"}, {"type_id", 0}}}};
  return {{"type", "TemplateProcessing"},
          {"single", {begin, first}},
          {"pair", {begin, first, second}},
          {"special_tokens", {{"[CLS]", {{"ids", {2}}, {"tokens", {"[CLS]"}}}}}}};
}

TEST(TokenizerJson, RefusesBrokenTemplates) {
  json model = small_bert();
  model["post_processor"] = small_template();
  expect_refused(model,
                 {{"/post_processor/single/0/SpecialToken/id", "[SEP]", {"\"[SEP]\""}},
                  {"/post_processor/single/0/SpecialToken/type_id", 2, {"type_id", "found 2"}},
                  {"/post_processor/single/1/Sequence/id", "C", {"A or B", "\"C\""}},
                  {"/post_processor/single/1/Sequence/id", "B", {"post_processor.single"}},
                  {"/post_processor/pair/2/Sequence/id", "A", {"post_processor.pair"}},
                  {"/post_processor/single", json::array(), {"sequence A once"}},
                  {"/post_processor/special_tokens/[CLS]/ids", {2, 3}, {"as many"}},
                  {"/post_processor/special_tokens/[CLS]/ids", {9}, {"\"[CLS]\"", "9"}},
                  {"/post_processor/special_tokens/[CLS]/tokens", {"[XLS]"}, {"\"[XLS]\""}}});
}

TEST(TokenizerJson, EveryProperPrefixIsRefused) {
  const TemporaryFolder folder;
  for (const json& model : {small_roberta(), small_bert()}) {
    const std::string whole = model.dump();
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
      write_text(folder / "tokenizer.json", whole.substr(0, length));
      SCOPED_TRACE(length);
      refusal(folder.path(), "tokenizer.json");
    }
  }
}

TEST(TokenizerJson, RefusesWhatIsNotOneJsonDocument) {
  const TemporaryFolder folder;
  const std::string whole = small_bert().dump();
  const std::string nul(1, '\0');
  for (const std::string& text :
       {whole + "}", std::string(100000, '['), nul + whole, std::string("\xEF\xBB\xBF{"),
        std::string("[]"), std::string("\"\xFF\""), std::string("{\"model\": NaN}")}) {
    SCOPED_TRACE(text.substr(0, 20));
    write_text(folder / "tokenizer.json", text);
    try {
      static_cast<void>(load_tokenizer(folder.path()));
      ADD_FAILURE();
    } catch (const ModelError& error) {
      EXPECT_EQ(error.file(), (folder / "tokenizer.json").string());
    }
  }
}

TEST(HostileFiles, RandomDamageIsRefusedOrLoadsButNeverEndsInAnythingElse) {
  RandomStream random({.seed = 7, .purpose = "tokenizer_damage"});
  const json roberta = small_roberta();
  const std::vector<std::pair<std::string, std::string>> originals = {
      {"tokenizer.json", roberta.dump()},
      {"tokenizer.json", small_bert().dump()},
      {"vocab.json", roberta["model"]["vocab"].dump()},
      {"merges.txt", "#version: 0.2\nh e\nt he\n# #\n"}};
  int num_refused = 0;
  for (int round = 0; round < 400; ++round) {
    const auto& [name, original] = originals[random.below(originals.size())];
    std::string damaged = original;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    }
    const TemporaryFolder folder;
    if (name != "tokenizer.json") {
      write_text(folder / "vocab.json", originals[2].second);
      write_text(folder / "merges.txt", originals[3].second);
    }
    write_text(folder / name, damaged);
    try {
      const auto tokenizer = load_tokenizer(folder.path());
      static_cast<void>(tokenizer->encode("the films <mask> \xC3\xA9"));
    } catch (const ModelError&) {
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 100);
}

}  // namespace
}  // namespace bbprompt
