#include "bbprompt/replica/replica.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "bbprompt/base/error.hpp"
#include "tests/replica/golden.hpp"
#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::kLogitTolerance;

struct Expected {
  Query query;
  std::vector<double> logits;
  std::int64_t num_tokens = 0;
};

// --- golden cases as queries -----------------------------------------------------------------

// Ids between begin and end token as segments; the separator where the token type changes.
Query as_query(const nlohmann::json& golden_case, std::size_t answer) {
  const auto ids = golden_case["input_ids"][0].get<std::vector<TokenId>>();
  std::vector<int> types(ids.size(), 0);
  if (golden_case.contains("token_type_ids"))
    types = golden_case["token_type_ids"][0].get<std::vector<int>>();
  Query query;
  if (golden_case.contains("embedding_vectors")) {
    const auto rows = golden_case["embedding_vectors"].get<std::vector<std::vector<float>>>();
    RowMatrixXf vectors(static_cast<Eigen::Index>(rows.size()),
                        static_cast<Eigen::Index>(rows[0].size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      vectors.row(static_cast<Eigen::Index>(i)) =
          Eigen::Map<const Eigen::RowVectorXf>(rows[i].data(), vectors.cols());
    }
    query.segments.emplace_back(PromptVectors{std::make_shared<RowMatrixXf>(vectors), {}});
  }
  const std::size_t first = query.segments.empty() ? 1 : 5;  // soft prompts stand at 1 to 4
  for (std::size_t i = first; i + 1 < ids.size(); ++i) {
    if (i == answer) {
      query.segments.emplace_back(AnswerSlot{});
    } else if (types[i] != types[i + 1]) {
      query.segments.emplace_back(Separator{});
    } else {
      query.segments.emplace_back(PromptTokens{{ids[i]}});
    }
  }
  return query;
}

// Queries end with the separator, have no padding and change the token type behind a separator.
bool is_a_query(const nlohmann::json& golden_case, TokenId separator) {
  const auto ids = golden_case["input_ids"][0].get<std::vector<TokenId>>();
  if (golden_case.contains("attention_mask") || ids.back() != separator) return false;
  if (!golden_case.contains("token_type_ids")) return true;
  const auto types = golden_case["token_type_ids"][0].get<std::vector<int>>();
  const auto change = std::adjacent_find(types.begin(), types.end(), std::not_equal_to<>());
  return change == types.end() ||
         ids[static_cast<std::size_t>(change - types.begin())] == separator;
}

std::vector<Expected> token_queries(const nlohmann::json& golden, const Tokenizer& tokenizer) {
  std::vector<Expected> all;
  for (const auto& golden_case : golden["cases"]) {
    if (!is_a_query(golden_case, *tokenizer.special_tokens().separator)) continue;
    for (const auto& at : golden_case["rows"][0]["at"]) {
      all.push_back({.query = as_query(golden_case, at["position"].get<std::size_t>()),
                     .logits = at["logits"].get<std::vector<double>>(),
                     .num_tokens = static_cast<std::int64_t>(golden_case["input_ids"][0].size())});
    }
  }
  return all;
}

std::vector<Expected> text_queries(const nlohmann::json& golden) {
  std::vector<Expected> all;
  for (const auto& golden_case : golden["cases"]) {
    const auto text = golden_case["text"].get<std::string>();
    const std::size_t mask = text.find("<mask>");
    const Query query{{TextSegment{text.substr(0, mask), {}}, AnswerSlot{},
                       TextSegment{text.substr(mask + 6), {}}}};
    all.push_back({.query = query,
                   .logits = golden_case["logits"].get<std::vector<double>>(),
                   .num_tokens = static_cast<std::int64_t>(golden_case["input_ids"].size())});
  }
  return all;
}

// Every expected query `count` at a time, in several turns so that neighbours vary.
void expect_scores(Replica& replica, const std::vector<Expected>& expected,
                   const std::vector<TokenId>& ids, std::size_t count) {
  for (std::size_t begin = 0; begin < 2 * expected.size(); begin += count) {
    std::vector<Query> queries;
    std::int64_t num_tokens = 0;
    for (std::size_t i = begin; i < begin + count; ++i) {
      queries.push_back(expected[i % expected.size()].query);
      num_tokens += expected[i % expected.size()].num_tokens;
    }
    const AnswerScores result = replica.score(queries, std::vector<Answer>(ids.begin(), ids.end()));
    EXPECT_EQ(result.usage, (Usage{static_cast<std::int64_t>(count), num_tokens, 0, 1}));
    for (std::size_t q = 0; q < count; ++q) {
      const auto& logits = expected[(begin + q) % expected.size()].logits;
      for (std::size_t a = 0; a < ids.size(); ++a) {
        ASSERT_NEAR(result.scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)),
                    logits[a], kLogitTolerance)
            << "query " << begin + q << " of " << count << " at a time";
      }
    }
  }
}

class ReplicaGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(ReplicaGolden, ScoresEachQueryAlikeAloneAndInBatchesOfMixedLengths) {
  const std::string folder = std::string("models/") + GetParam();
  BBPROMPT_REQUIRE_SHARED(folder);
  const auto path = testing::shared_folder() / folder;
  const auto golden = testing::read_golden(path / "golden.json");
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  for (const std::int64_t max_batch_tokens : {1, 100, 4096}) {
    const auto replica = load_replica({.folder = path, .max_batch_tokens = max_batch_tokens});
    const auto expected = golden["cases"][0].contains("text")
                              ? text_queries(golden)
                              : token_queries(golden, *replica->view().tokenizer());
    ASSERT_GE(expected.size(), 8U);
    for (const std::size_t count : {1, 7, 32}) expect_scores(*replica, expected, ids, count);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ReplicaGolden,
                         ::testing::Values("tiny-bert-random", "tiny-roberta-random",
                                           "tiny-roberta"));

// --- the rest of the contract ------------------------------------------------------------------

class TinyRoberta : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
    replica_ = load_replica({.folder = folder()});
  }
  static std::filesystem::path folder() { return testing::shared_folder() / "models/tiny-roberta"; }
  static Query with_prompt(Segment prompt) {
    return {{std::move(prompt), TextSegment{" a dull film . It was", {}}, AnswerSlot{},
             TextSegment{" .", {}}}};
  }
  Eigen::MatrixXd scores(const Query& query) {
    const std::vector<Answer> answers = {730, 2760};
    return replica_->score({&query, 1}, answers).scores;
  }

  std::unique_ptr<Replica> replica_;
};

TEST_F(TinyRoberta, DescribesItself) {
  const auto& info = replica_->view().info();
  EXPECT_EQ(info.name, "tiny-roberta");
  EXPECT_EQ(info.max_tokens, 128);
  EXPECT_EQ(info.hidden_size, 256);
  EXPECT_EQ(info.fingerprint.size(), 64U);
  EXPECT_EQ(ReplicaView({.folder = folder() / ""}).info().fingerprint, info.fingerprint);
  const WordEmbeddings* words = replica_->view().embeddings();
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->num_words(), 16384);
  EXPECT_EQ(words->size(), 256);
  EXPECT_GT(words->deviation(), 0);
}

TEST_F(TinyRoberta, SpellsAnswerWordsWithALeadingSpace) {
  const auto golden = testing::read_golden(folder() / "golden.json");
  for (std::size_t i = 0; i < golden["token_words"].size(); ++i) {
    const auto word = golden["token_words"][i].get<std::string>();
    if (!word.starts_with(' ')) continue;
    const auto token = replica_->view().answer_token(word.substr(1));
    EXPECT_EQ(token.id, golden["token_ids"][i].get<TokenId>()) << word;
    EXPECT_EQ(token.num_tokens, 1) << word;
  }
  EXPECT_EQ(replica_->view().answer_token("great").token, "\xc4\xa0great");
  EXPECT_GT(replica_->view().answer_token("antidisestablishmentarianism").num_tokens, 1);
}

TEST_F(TinyRoberta, TakesVectorsAddedToTokensForTheirSum) {
  const std::vector<TokenId> base = {730, 446};
  const RowMatrixXf moved = RowMatrixXf::Random(2, 256) * 0.1F;
  const RowMatrixXf sums = moved + replica_->view().embeddings()->rows(base);
  const auto zeros = std::make_shared<const RowMatrixXf>(RowMatrixXf::Zero(2, 256));
  EXPECT_EQ(scores(with_prompt(PromptVectors{zeros, base})),
            scores(with_prompt(PromptTokens{base})));
  const auto added =
      scores(with_prompt(PromptVectors{std::make_shared<const RowMatrixXf>(moved), base}));
  const auto alone =
      scores(with_prompt(PromptVectors{std::make_shared<const RowMatrixXf>(sums), {}}));
  EXPECT_EQ(added, alone);
  EXPECT_GT((added - scores(with_prompt(PromptTokens{base}))).cwiseAbs().maxCoeff(), 1e-3);
}

TEST_F(TinyRoberta, GivesTheSameBitsAgain) {
  std::vector<Query> queries;
  queries.reserve(20);
  for (int i = 0; i < 20; ++i)
    queries.push_back(
        with_prompt(PromptTokens{std::vector<TokenId>(static_cast<std::size_t>(i), 446)}));
  const std::vector<Answer> answers = {730, 2760, 264};
  const auto first = replica_->score(queries, answers).scores;
  EXPECT_EQ(replica_->score(queries, answers).scores, first);
  EXPECT_EQ(load_replica({.folder = folder()})->score(queries, answers).scores, first);
}

// What lets the number of threads out of a trial's id.
TEST_F(TinyRoberta, GivesTheSameBitsWithAnyNumberOfThreads) {
  std::vector<Query> queries;
  for (int i = 0; i < 40; ++i) {
    std::vector<TokenId> ids(static_cast<std::size_t>(3 * i), 446 + i);
    queries.push_back(with_prompt(PromptTokens{std::move(ids)}));
  }
  const std::vector<Answer> answers = {730, 2760, 264};
  const auto view = std::make_shared<const ReplicaView>(ReplicaOptions{.folder = folder()});
  for (const std::int64_t max_batch_tokens : {1, 200, 1024, 4096}) {
    Replica one(view, {.folder = folder(), .max_batch_tokens = max_batch_tokens});
    for (const int threads : {2, 3, 4}) {
      Replica several(
          view, {.folder = folder(), .threads = threads, .max_batch_tokens = max_batch_tokens});
      EXPECT_EQ(several.score(queries, answers).scores, one.score(queries, answers).scores)
          << threads << " threads, " << max_batch_tokens << " tokens at once";
      EXPECT_EQ(several.layer_deviations(queries).deviations,
                one.layer_deviations(queries).deviations)
          << threads << " threads";
    }
  }
}

TEST_F(TinyRoberta, CountsWhatMeasuringItsLayersTakes) {
  const std::vector<Query> queries = {with_prompt(PromptTokens{{446}}),
                                      with_prompt(PromptTokens{})};
  const auto measured = replica_->layer_deviations(queries);
  EXPECT_EQ(measured.deviations.size() + 1,
            static_cast<std::size_t>(replica_->view().info().num_layers));
  EXPECT_EQ(measured.usage, (Usage{.num_queries = 2,
                                   .num_tokens = replica_->view().count_tokens(queries[0]) +
                                                 replica_->view().count_tokens(queries[1]),
                                   .num_calls = 1}));
}

TEST_F(TinyRoberta, CountsQueriesThatLostTokensToTheModelsLength) {
  std::string words;
  for (int i = 0; i < 300; ++i) words += " film";
  const TextSegment example{.text = words, .fields = {{0, words.size(), 0}}};
  const std::vector<Query> queries = {{{example, AnswerSlot{}}},
                                      {{TextSegment{" film", {}}, AnswerSlot{}}}};
  const std::vector<Answer> answers = {730};
  EXPECT_EQ(replica_->score(queries, answers).usage, (Usage{2, 128 + 4, 1, 1}));
}

TEST_F(TinyRoberta, RefusesAnswersOutsideTheVocabularyAndTakesNone) {
  const Query query = with_prompt(PromptTokens{});
  std::vector<Answer> answers = {16384};
  EXPECT_THROW((void)replica_->score({&query, 1}, answers), ModelError);
  answers = {730};
  EXPECT_EQ(replica_->score({}, answers).scores.rows(), 0);
  EXPECT_EQ(replica_->score({&query, 1}, {}).scores.size(), 0);
}

TEST(BertReplica, RefusesAWordThatHasOnlyTheUnknownToken) {
  BBPROMPT_REQUIRE_SHARED("models/corrupt/base-bert");
  const ReplicaView view({.folder = testing::shared_folder() / "models/corrupt/base-bert"});
  EXPECT_EQ(view.answer_token("the").token, "the");
  for (const char* word : {"zebra", ""}) {
    try {
      (void)view.answer_token(word);
      ADD_FAILURE() << "accepted";
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("\"" + std::string(word) + "\""));
    }
  }
}

TEST(LoadReplica, RefusesFoldersAndOptionsThatCannotWork) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
  const auto models = testing::shared_folder() / "models";
  const auto message = [](const ReplicaOptions& options) -> std::string {
    try {
      (void)load_replica(options);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "loaded";
  };
  EXPECT_THAT(message({.folder = models / "tiny-gpt2-random"}),
              AllOf(HasSubstr("config.json"), HasSubstr("gpt2")));
  EXPECT_THAT(message({.folder = models / "absent"}),
              AllOf(HasSubstr("absent: expected the folder"), HasSubstr("config.json")));
  EXPECT_THAT(message({.folder = models / "corrupt/base-bert", .threads = 0}),
              HasSubstr("at least 1"));
  EXPECT_THAT(message({.folder = models / "corrupt/base-bert", .max_batch_tokens = 0}),
              HasSubstr("at least 1"));
}

TEST(LoadReplica, RefusesAPaddingTokenThatTheTokenizerDoesNotHave) {
  const testing::TemporaryFolder folder;
  const auto model = folder / "model";
  std::filesystem::copy(testing::source_folder() / "configs/quickstart/tiny-roberta", model);
  std::string config = testing::read_text(model / "config.json");
  const std::string key = "\"pad_token_id\": 1";
  ASSERT_NE(config.find(key), std::string::npos);
  config.replace(config.find(key), key.size(), "\"pad_token_id\": 0");
  testing::write_text(model / "config.json", config);
  try {
    (void)load_replica({.folder = model});
    ADD_FAILURE() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("config.json"), HasSubstr("expected 1"),
                                    HasSubstr("<pad>"), HasSubstr("found 0")));
  }
}

}  // namespace
}  // namespace bbprompt
