// Token ids, offsets and decoded text against Hugging Face tokenizers (golden_tokenizer.json).
#include <gtest/gtest.h>

#include <ostream>

#include "bbprompt/text/tokenizer.hpp"
#include "tests/text/golden.hpp"

namespace bbprompt {
namespace {

using testing::character_offsets;
using testing::copy_files;
using testing::model_folder;
using testing::TemporaryFolder;

enum class Checked { kEverything, kWithoutSpecials };

struct GoldenCase {
  std::string name;
  std::string model;
  std::vector<std::string> files;
  Checked checked = Checked::kEverything;
};

std::ostream& operator<<(std::ostream& out, const GoldenCase& golden) { return out << golden.name; }

using Offsets = std::vector<std::pair<int, int>>;

void expect_model_input(const Tokenizer& tokenizer, const nlohmann::json& entry) {
  const auto text = entry.at("text").get<std::string>();
  std::optional<std::string> pair;
  if (entry.contains("pair")) pair = entry.at("pair").get<std::string>();
  const ModelInput input =
      pair ? tokenizer.encode_for_model(text, *pair) : tokenizer.encode_for_model(text);
  EXPECT_EQ(input.ids, entry.at("ids").get<std::vector<TokenId>>());
  Offsets offsets;
  for (std::size_t i = 0; i < input.ids.size(); ++i) {
    offsets.push_back(
        character_offsets(input.sequence[i] == 1 ? *pair : text, input.ranges[i]));
  }
  EXPECT_EQ(offsets, entry.at("offsets").get<Offsets>());
  EXPECT_EQ(input.type_ids,
            entry.value("type_ids", std::vector<int>(input.ids.size())));
  if (entry.contains("sequence")) {
    std::vector<std::optional<int>> sequence;
    for (const auto& value : entry.at("sequence")) {
      sequence.push_back(value.is_null() ? std::nullopt : std::optional<int>(value.get<int>()));
    }
    EXPECT_EQ(input.sequence, sequence);
  }
  EXPECT_EQ(tokenizer.decode(input.ids), entry.at("decoded").get<std::string>());
}

void expect_plain_encoding(const Tokenizer& tokenizer, const nlohmann::json& entry) {
  auto ids = tokenizer.encode(entry.at("text").get<std::string>()).ids;
  if (entry.contains("pair")) {
    const auto second = tokenizer.encode(entry.at("pair").get<std::string>()).ids;
    ids.insert(ids.end(), second.begin(), second.end());
  }
  EXPECT_EQ(ids, entry.at("ids_no_special").get<std::vector<TokenId>>());
}

class GoldenTokenizer : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(GoldenTokenizer, EveryEntryIsReproduced) {
  BBPROMPT_REQUIRE_SHARED("models");
  const auto source = model_folder(GetParam().model);
  const TemporaryFolder folder;
  copy_files(source, folder.path(), GetParam().files);
  const auto tokenizer = load_tokenizer(folder.path());
  const auto golden = parse_json_file(source / "golden_tokenizer.json");
  ASSERT_GE(golden.at("entries").size(), 150U);
  for (const auto& entry : golden.at("entries")) {
    SCOPED_TRACE(entry.at("name").get<std::string>());
    expect_plain_encoding(*tokenizer, entry);
    if (GetParam().checked == Checked::kEverything) expect_model_input(*tokenizer, entry);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoldenTokenizer,
    ::testing::Values(
        GoldenCase{"BertJson", "tiny-bert-random", {"tokenizer.json"}},
        GoldenCase{"BertVocabulary", "tiny-bert-random", {"vocab.txt"}},
        GoldenCase{"BertVocabularyAndConfig",
                   "tiny-bert-random",
                   {"vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
                    "config.json"}},
        GoldenCase{"BertEverything",
                   "tiny-bert-random",
                   {"tokenizer.json", "vocab.txt", "tokenizer_config.json",
                    "special_tokens_map.json", "config.json"}},
        GoldenCase{"RobertaJson", "tiny-roberta-random", {"tokenizer.json"}},
        GoldenCase{"RobertaVocabulary", "tiny-roberta-random", {"vocab.json", "merges.txt"}},
        GoldenCase{"RobertaVocabularyAndModelConfig",
                   "tiny-roberta-random",
                   {"vocab.json", "merges.txt", "config.json"}},
        GoldenCase{"RobertaVocabularyAndTokenMap",
                   "tiny-roberta-random",
                   {"vocab.json", "merges.txt", "special_tokens_map.json"}},
        GoldenCase{"RobertaVocabularyAndConfig",
                   "tiny-roberta-random",
                   {"vocab.json", "merges.txt", "tokenizer_config.json",
                    "special_tokens_map.json", "config.json"}},
        GoldenCase{"RobertaEverything",
                   "tiny-roberta-random",
                   {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json",
                    "special_tokens_map.json", "config.json"}},
        GoldenCase{"Gpt2Json", "tiny-gpt2-random", {"tokenizer.json"}},
        GoldenCase{"Gpt2VocabularyReadAsRoberta",
                   "tiny-gpt2-random",
                   {"vocab.json", "merges.txt"},
                   Checked::kWithoutSpecials},
        GoldenCase{"Gpt2VocabularyAndModelConfig",
                   "tiny-gpt2-random",
                   {"vocab.json", "merges.txt", "config.json"}},
        GoldenCase{"Gpt2VocabularyAndConfig",
                   "tiny-gpt2-random",
                   {"vocab.json", "merges.txt", "tokenizer_config.json",
                    "special_tokens_map.json", "config.json"}},
        GoldenCase{"Gpt2Everything",
                   "tiny-gpt2-random",
                   {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json",
                    "special_tokens_map.json", "config.json"}}),
    [](const auto& golden) { return golden.param.name; });

TEST(GoldenModel, TextsOfThePretrainedModelGetTheIdsItsLogitsWereMadeWith) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
  const auto tokenizer =
      load_tokenizer(model_folder("tiny-roberta"), {.model_vocabulary_size = 16384});
  const auto golden = parse_json_file(model_folder("tiny-roberta") / "golden.json");
  ASSERT_FALSE(golden.at("cases").empty());
  for (const auto& entry : golden.at("cases")) {
    const auto text = entry.at("text").get<std::string>();
    EXPECT_EQ(tokenizer->encode_for_model(text).ids,
              entry.at("input_ids").get<std::vector<TokenId>>())
        << text;
  }
}

TEST(GoldenModel, AnswerWordsOfThePretrainedModelAreSingleTokens) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
  const auto tokenizer = load_tokenizer(model_folder("tiny-roberta"));
  const auto golden = parse_json_file(model_folder("tiny-roberta") / "golden.json");
  const auto words = golden.at("token_words").get<std::vector<std::string>>();
  const auto ids = golden.at("token_ids").get<std::vector<TokenId>>();
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(tokenizer->encode(words[i]).ids, std::vector<TokenId>{ids[i]}) << words[i];
  }
}

}  // namespace
}  // namespace bbprompt
