// Tokenizer folders whose files are missing, at odds with each other, or broken: refused with a
// message that names file, place and finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "tests/support.hpp"
#include "tests/text/refusal.hpp"
#include "tests/text/small_models.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::refusal;
using testing::small_bert;
using testing::small_roberta;
using testing::TemporaryFolder;
using testing::write_text;

struct FolderCase {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;
  std::string refused;  // file
  std::vector<std::string> said;
};

std::ostream& operator<<(std::ostream& out, const FolderCase& folder) { return out << folder.name; }

class BrokenFolder : public ::testing::TestWithParam<FolderCase> {};

TEST_P(BrokenFolder, IsRefused) {
  const TemporaryFolder folder;
  for (const auto& [name, contents] : GetParam().files) write_text(folder / name, contents);
  const std::string message = refusal(folder.path(), GetParam().refused);
  for (const std::string& part : GetParam().said) EXPECT_THAT(message, HasSubstr(part));
}

const std::string kMerges = "#version: 0.2\nh e\nt he\nĠ the\n# #\n";
const std::string kBertLines =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nfilm\n##s\n##ing\nwatch\n.\ne\n";

std::string vocabulary_json() { return small_roberta()["model"]["vocab"].dump(); }

std::string vocabulary_json_with(const std::string& token, int id) {
  json vocabulary = small_roberta()["model"]["vocab"];
  vocabulary[token] = id;
  return vocabulary.dump();
}

std::string vocabulary_json_without(const std::string& token) {
  json vocabulary = small_roberta()["model"]["vocab"];
  vocabulary.erase(token);
  return vocabulary.dump();
}

std::vector<FolderCase> files_missing_or_at_odds() {
  const std::string roberta = small_roberta().dump();
  const std::string bert = small_bert().dump();
  return {
      {"Empty", {}, "", {"tokenizer.json", "vocab.json", "merges.txt", "vocab.txt"}},
      {"VocabularyWithoutMerges", {{"vocab.json", vocabulary_json()}}, "merges.txt", {}},
      {"MergesWithoutVocabulary", {{"merges.txt", kMerges}}, "vocab.json", {}},
      {"OtherIdInVocabulary",
       {{"tokenizer.json", roberta}, {"vocab.json", vocabulary_json_with("he", 261)}},
       "vocab.json",
       {"\"he\"", "261", "260", "tokenizer.json"}},
      {"OtherTokenInVocabulary",
       {{"tokenizer.json", roberta}, {"vocab.json", vocabulary_json_with("new", 265)}},
       "vocab.json",
       {"\"new\"", "none"}},
      {"TokenMissingInVocabulary",
       {{"tokenizer.json", roberta}, {"vocab.json", vocabulary_json_without("he")}},
       "vocab.json",
       {"1 tokens missing"}},
      {"OtherMerge",
       {{"tokenizer.json", roberta}, {"merges.txt", "h e\nt he\n# #\nĠ the\n"}},
       "merges.txt",
       {"line 3", "Ġ the", "# #"}},
      {"MergeMissing",
       {{"tokenizer.json", roberta}, {"merges.txt", "#version: 0.2\nh e\n"}},
       "merges.txt",
       {"4 merges", "found 1"}},
      {"OtherWordPieceVocabulary",
       {{"tokenizer.json", bert}, {"vocab.txt", "[UNK]\n[PAD]\n"}},
       "vocab.txt",
       {"\"[UNK]\"", "tokenizer.json"}},
      {"ConfigDisagreesOnCase",
       {{"tokenizer.json", bert}, {"tokenizer_config.json", R"({"do_lower_case": false})"}},
       "tokenizer_config.json",
       {"do_lower_case", "true", "false"}},
      {"ConfigDisagreesOnPrefixSpace",
       {{"tokenizer.json", roberta}, {"tokenizer_config.json", R"({"add_prefix_space": true})"}},
       "tokenizer_config.json",
       {"add_prefix_space"}},
  };
}

INSTANTIATE_TEST_SUITE_P(MissingOrAtOdds, BrokenFolder,
                         ::testing::ValuesIn(files_missing_or_at_odds()),
                         [](const auto& folder) { return folder.param.name; });

std::vector<FolderCase> refused_settings() {
  const std::string roberta = small_roberta().dump();
  return {
      {"ConfigIsNoObject",
       {{"tokenizer.json", roberta}, {"tokenizer_config.json", "[1]"}},
       "tokenizer_config.json",
       {"an array"}},
      {"MaskTokenIsANumber",
       {{"tokenizer.json", roberta}, {"special_tokens_map.json", R"({"mask_token": 4})"}},
       "special_tokens_map.json",
       {"mask_token", "an integer"}},
      {"NamedMaskIsMissing",
       {{"tokenizer.json", roberta}, {"special_tokens_map.json", R"({"mask_token": "[M]"})"}},
       "tokenizer.json",
       {"[M]"}},
      {"AddedTokenWithOtherId",
       {{"tokenizer.json", roberta},
        {"tokenizer_config.json", R"({"added_tokens_decoder": {"9": {"content": "<s>"}}})"}},
       "tokenizer.json",
       {"<s>", "9"}},
      {"AddedTokenIdIsNoNumber",
       {{"tokenizer.json", roberta},
        {"tokenizer_config.json", R"({"added_tokens_decoder": {"9x": {"content": "<s>"}}})"}},
       "tokenizer_config.json",
       {"9x"}},
      {"TokensOfUnknownMatching",
       {{"vocab.txt", kBertLines}, {"added_tokens.json", R"({"[NEW]": 12})"}},
       "added_tokens.json",
       {"[NEW]"}},
      {"NoBasicTokenization",
       {{"vocab.txt", kBertLines}, {"tokenizer_config.json", R"({"do_basic_tokenize": false})"}},
       "tokenizer_config.json",
       {"do_basic_tokenize"}},
      {"NeverSplit",
       {{"vocab.txt", kBertLines}, {"tokenizer_config.json", R"({"never_split": ["x"]})"}},
       "tokenizer_config.json",
       {"never_split"}},
  };
}

INSTANTIATE_TEST_SUITE_P(Settings, BrokenFolder, ::testing::ValuesIn(refused_settings()),
                         [](const auto& folder) { return folder.param.name; });

std::vector<FolderCase> refused_kinds() {
  return {
      {"UnknownTokenizerClass",
       {{"vocab.json", vocabulary_json()},
        {"merges.txt", kMerges},
        {"tokenizer_config.json", R"({"tokenizer_class": "XLNetTokenizer"})"}},
       "tokenizer_config.json",
       {"RobertaTokenizer", "XLNetTokenizer"}},
      {"UnknownModelType",
       {{"vocab.json", vocabulary_json()},
        {"merges.txt", kMerges},
        {"config.json", R"({"model_type": "t6"})"}},
       "config.json",
       {"roberta", "t6"}},
      {"BertClassBesideByteLevelFiles",
       {{"vocab.json", vocabulary_json()},
        {"merges.txt", kMerges},
        {"tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer"})"}},
       "vocab.txt",
       {"BertTokenizer"}},
      {"RobertaClassBesideWordPieceFile",
       {{"vocab.txt", kBertLines},
        {"tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizerFast"})"}},
       "vocab.json",
       {"RobertaTokenizer"}},
  };
}

INSTANTIATE_TEST_SUITE_P(Kinds, BrokenFolder, ::testing::ValuesIn(refused_kinds()),
                         [](const auto& folder) { return folder.param.name; });

std::vector<FolderCase> broken_lists() {
  return {
      {"BlankVocabularyLine",
       {{"vocab.txt", "[PAD]\n[UNK]\n\n[CLS]\n"}},
       "vocab.txt",
       {"line 3", "empty line"}},
      {"BlankLastVocabularyLine", {{"vocab.txt", kBertLines + "\n"}}, "vocab.txt", {"line 13"}},
      {"NulInVocabulary",
       {{"vocab.txt", "[PAD]\n[U" + std::string(1, '\0') + "NK]\n"}},
       "vocab.txt",
       {"line 2", "NUL"}},
      {"NulInMerges",
       {{"vocab.json", vocabulary_json()},
        {"merges.txt", "h e\nt" + std::string(1, '\0') + " he\n"}},
       "merges.txt",
       {"line 2", "NUL"}},
      {"BlankMergesLine",
       {{"vocab.json", vocabulary_json()}, {"merges.txt", "h e\n\nt he\n"}},
       "merges.txt",
       {"line 2"}},
      {"TwoSpacesInMerge",
       {{"vocab.json", vocabulary_json()}, {"merges.txt", "h  e\n"}},
       "merges.txt",
       {"line 1"}},
      {"VersionLineIsNotFirst",
       {{"vocab.json", vocabulary_json()}, {"merges.txt", "h e\n#version: 0.2\n"}},
       "merges.txt",
       {"line 2", "#version:"}},
      {"VersionLineAlone",
       {{"vocab.json", vocabulary_json()}, {"merges.txt", "#version: 0.2\n"}},
       "merges.txt",
       {"none"}},
      {"MergeTwice",
       {{"vocab.json", vocabulary_json()}, {"merges.txt", "h e\nt he\nh e\n"}},
       "merges.txt",
       {"line 3", "h e"}},
  };
}

INSTANTIATE_TEST_SUITE_P(Lists, BrokenFolder, ::testing::ValuesIn(broken_lists()),
                         [](const auto& folder) { return folder.param.name; });

TEST(BrokenFolderContents, ADirectoryInPlaceOfAFileIsRefused) {
  for (const char* name : {"tokenizer.json", "vocab.json"}) {
    const TemporaryFolder folder;
    write_text(folder / "merges.txt", kMerges);
    std::filesystem::create_directory(folder / name);
    try {
      static_cast<void>(load_tokenizer(folder.path()));
      ADD_FAILURE() << name;
    } catch (const ModelError& error) {
      EXPECT_EQ(error.file(), (folder / name).string());
    }
  }
}

}  // namespace
}  // namespace bbprompt
