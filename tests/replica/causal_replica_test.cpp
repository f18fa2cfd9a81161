#include "bbprompt/replica/causal_replica.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/input_layout.hpp"
#include "replica/shared_prefix.hpp"
#include "tests/replica/naive_gpt2.hpp"
#include "tests/small_gpt2.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NaiveGpt2;
using testing::SmallGpt2;

constexpr double kTolerance = 2e-5;  // of one token in float32

std::vector<TokenId> ids_of(int first, int count) {
  std::vector<TokenId> ids;
  for (int i = 0; i < count; ++i) ids.push_back((first + 37 * i) % 260);
  return ids;
}

Query query_of(const std::vector<TokenId>& ids) { return {{PromptTokens{ids}, AnswerSlot{}}}; }

TextSegment field(const std::string& text, int max_tokens = 0) {
  return {.text = text, .fields = {{0, text.size(), max_tokens}}};
}

class SmallReplica : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { SmallGpt2(GetParam()).write(folder_.path()); }

  std::unique_ptr<CausalReplica> load(ReplicaOptions options = {}) {
    options.folder = folder_.path();
    return load_causal_replica(options);
  }
  std::string refusal(const Query& query, const std::vector<Answer>& answers = {5}) {
    try {
      (void)load()->score({&query, 1}, answers);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "answered";
  }
  // Queries of several lengths that share their first 9 tokens, and answers of 1 to 4 tokens.
  static std::vector<std::vector<TokenId>> texts() {
    std::vector<std::vector<TokenId>> all;
    for (int q = 0; q < 9; ++q) {
      auto ids = ids_of(3, 9);
      for (const TokenId id : ids_of(100 + 11 * q, 1 + 7 * q % 23)) ids.push_back(id);
      all.push_back(ids);
    }
    return all;
  }
  static std::vector<Answer> answers() {
    return {Answer(5), Answer({8, 9}), Answer(262), Answer({8, 9, 10, 11}), Answer({200, 201, 7})};
  }
  static std::vector<Query> queries() {
    std::vector<Query> all;
    for (const auto& ids : texts()) all.push_back(query_of(ids));
    return all;
  }

  testing::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Heads, SmallReplica, ::testing::Values(true, false),
                         [](const auto& test) { return test.param ? "Tied" : "Untied"; });

TEST_P(SmallReplica, ScoresWordsAsTheFormulasDoInBatchesOfAnySize) {
  const NaiveGpt2 naive(folder_.path());
  const auto asked = answers();
  for (const PrefixReuse reuse : {PrefixReuse::kShared, PrefixReuse::kNone}) {
    for (const std::int64_t max_batch_tokens : {1, 60, 1024}) {
      const auto replica = load({.max_batch_tokens = max_batch_tokens, .prefix = reuse});
      const Eigen::MatrixXd scores = replica->score(queries(), asked).scores;
      for (std::size_t q = 0; q < texts().size(); ++q) {
        for (std::size_t a = 0; a < asked.size(); ++a) {
          EXPECT_NEAR(scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)),
                      naive.score(texts()[q], asked[a].ids()),
                      kTolerance * static_cast<double>(asked[a].ids().size()))
              << q << " " << a << " at " << max_batch_tokens;
        }
      }
    }
  }
}

TEST_P(SmallReplica, AWordOfSeveralTokensIsTheSumOfItsTokens) {
  const auto replica = load();
  const std::vector<TokenId> word = {200, 201, 7};
  for (const auto& text : texts()) {
    double sum = 0;
    auto ids = text;
    for (const TokenId id : word) {
      const Query query = query_of(ids);
      const std::vector<Answer> one = {id};
      sum += replica->score({&query, 1}, one).scores(0, 0);
      ids.push_back(id);
    }
    const Query query = query_of(text);
    const std::vector<Answer> whole = {Answer(word)};
    EXPECT_NEAR(replica->score({&query, 1}, whole).scores(0, 0), sum, 1e-5);
  }
}

TEST_P(SmallReplica, ASharedBeginningChangesScoresByLessThanAMillionth) {
  const auto shared = load()->score(queries(), answers()).scores;
  const auto apart = load({.prefix = PrefixReuse::kNone})->score(queries(), answers()).scores;
  for (Eigen::Index i = 0; i < shared.size(); ++i) {
    EXPECT_NEAR(shared.reshaped()[i], apart.reshaped()[i],
                1e-6 * std::max(1.0, std::abs(apart.reshaped()[i])));
  }
}

TEST_P(SmallReplica, GivesTheSameBitsAgainAndWithAnyNumberOfThreads) {
  const auto replica = load();
  const auto first = replica->score(queries(), answers()).scores;
  const Query other = query_of(ids_of(50, 20));
  (void)replica->score({&other, 1}, answers());
  EXPECT_EQ(replica->score(queries(), answers()).scores, first);
  for (const int threads : {1, 2, 3})
    EXPECT_EQ(load({.threads = threads})->score(queries(), answers()).scores, first) << threads;
}

TEST_P(SmallReplica, ScoresAreLogProbabilitiesOverTheWholeVocabulary) {
  const auto replica = load();
  std::vector<Answer> all;
  for (TokenId id = 0; id < SmallGpt2().vocab_size(); ++id) all.emplace_back(id);
  const auto scores = replica->score(queries(), all).scores;
  for (Eigen::Index q = 0; q < scores.rows(); ++q)
    EXPECT_NEAR(scores.row(q).array().exp().sum(), 1.0, 1e-6);
}

TEST_P(SmallReplica, TakesSoftPromptsAtTheInput) {
  const auto replica = load();
  const NaiveGpt2 naive(folder_.path());
  const std::vector<TokenId> base = {5, 6, 7};
  const auto vectors =
      std::make_shared<const RowMatrixXf>(RowMatrixXf::Random(3, SmallGpt2::kHidden) * 0.3F);
  for (const bool is_added : {true, false}) {
    std::vector<Query> queries;
    for (int q = 0; q < 14; ++q)
      queries.push_back({{PromptVectors{vectors, is_added ? base : std::vector<TokenId>{}},
                          PromptTokens{ids_of(q, 4)}, AnswerSlot{}}});
    const std::vector<Answer> one = {9};
    const auto scores = replica->score(queries, one).scores;
    for (int q = 0; q < 14; ++q) {
      auto ids = base;
      for (const TokenId id : ids_of(q, 4)) ids.push_back(id);
      NaiveGpt2::Matrix rows = naive.words(ids);
      if (!is_added) rows.topRows(3).setZero();
      rows.topRows(3) += vectors->cast<double>();
      EXPECT_NEAR(scores(q, 0), naive.log_probabilities(rows)(6, 9), kTolerance);
    }
  }
}

TEST_P(SmallReplica, CountsWhatItSends) {
  const auto replica = load();
  const auto asked = answers();  // 1 + 3 + 2 tokens more
  const AnswerScores result = replica->score(queries(), asked);
  std::int64_t num_tokens = 0;
  for (const Query& query : queries()) {
    EXPECT_EQ(replica->view().count_tokens_with(query, asked),
              replica->view().count_tokens(query) + 6);
    num_tokens += replica->view().count_tokens_with(query, asked);
  }
  EXPECT_EQ(result.usage, (Usage{.num_queries = 9, .num_tokens = num_tokens, .num_calls = 1}));
}

TEST_P(SmallReplica, LeavesRoomForTheLongestAnswer) {
  const auto replica = load();
  const Query query{{field(std::string(100, 'x')), AnswerSlot{}}};
  const std::vector<Answer> one = {5};
  EXPECT_EQ(replica->score({&query, 1}, one).usage, (Usage{1, 48, 1, 1}));
  const std::vector<Answer> longer = {5, Answer({1, 2, 3, 4})};
  EXPECT_EQ(replica->score({&query, 1}, longer).usage, (Usage{1, 45 + 3, 1, 1}));
  EXPECT_EQ(replica->view().count_tokens_with(query, longer), 48);
}

TEST_P(SmallReplica, SpellsWordsWholeWithALeadingSpace) {
  const CausalView view({.folder = folder_.path()});
  const AnswerToken good = view.answer_token("good");
  EXPECT_EQ(good.token, "\xc4\xa0good");
  EXPECT_EQ(good.num_tokens, 1);
  EXPECT_THAT(good.rest, IsEmpty());
  const AnswerToken fine = view.answer_token("fine");
  EXPECT_EQ(fine.num_tokens, 5);
  EXPECT_THAT(fine.answer().ids(), ElementsAre(' ', 'f', 'i', 'n', 'e'));
  EXPECT_EQ(view.answer_token(" fine").answer(), fine.answer());
  EXPECT_THROW((void)view.answer_token(""), ModelError);
}

TEST_P(SmallReplica, DescribesItself) {
  const CausalView view({.folder = folder_ / ""});
  EXPECT_EQ(view.info().family, ModelFamily::kCausal);
  EXPECT_EQ(view.info().max_tokens, SmallGpt2::kPositions);
  EXPECT_EQ(view.info().hidden_size, SmallGpt2::kHidden);
  EXPECT_EQ(view.info().num_layers, 0);
  EXPECT_EQ(view.info().name, folder_.path().filename());
  EXPECT_EQ(view.embeddings()->num_words(), SmallGpt2().vocab_size());
  std::int64_t numbers = 0;
  const SmallGpt2 model(GetParam());
  for (const auto& name : model.weights.names())
    numbers += static_cast<std::int64_t>(model.weights.tensor(name).size()) / 4;
  EXPECT_EQ(view.memory().weights, 4 * numbers);
  EXPECT_EQ(load()->hidden_states(), nullptr);
}

TEST_P(SmallReplica, RefusesQueriesAndAnswersThatCannotBeAsked) {
  EXPECT_THAT(refusal({{AnswerSlot{}, field("x")}}), HasSubstr("answer slot at the end"));
  EXPECT_THAT(refusal({{field("x"), AnswerSlot{}, Separator{}}}), HasSubstr("at the end"));
  EXPECT_THAT(refusal({{field("x")}}), HasSubstr("one answer slot"));
  EXPECT_THAT(refusal({{AnswerSlot{}, AnswerSlot{}}}), HasSubstr("one answer slot"));
  EXPECT_THAT(refusal(query_of({5, 264})), HasSubstr("below vocab_size 264"));
  EXPECT_THAT(refusal(query_of(ids_of(1, 49))), HasSubstr("at most 48"));
  EXPECT_THAT(refusal(query_of({5}), {Answer({5, 264})}), HasSubstr("below vocab_size 264"));
  EXPECT_THAT(refusal(query_of({5}), {Answer(ids_of(1, 49))}), HasSubstr("at most 48"));
  const auto matrix = std::make_shared<const RowMatrixXf>(RowMatrixXf::Zero(2, SmallGpt2::kHidden));
  EXPECT_THAT(refusal({{PromptVectors{matrix, {}, {matrix, matrix}}, AnswerSlot{}}}),
              HasSubstr("no deep prompts"));
  EXPECT_THROW(Answer(std::vector<TokenId>{}), Error);
}

// --- how queries become tokens -------------------------------------------------------------------

class CausalLayout : public ::testing::Test {
 protected:
  void SetUp() override { SmallGpt2().write(folder_.path()); }
  std::vector<TokenId> ids(const Query& query) {
    return CausalView({.folder = folder_.path()}).layout().lay_out(query).ids;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(CausalLayout, AddsNothingAroundTheText) {
  EXPECT_THAT(ids({{field("ab"), AnswerSlot{}}}), ElementsAre('a', 'b'));
}

TEST_F(CausalLayout, AnEmptyQueryIsTheBeginToken) {
  EXPECT_THAT(ids({{AnswerSlot{}}}), ElementsAre(263));
  EXPECT_THAT(ids({{field("  "), AnswerSlot{}}}), ElementsAre(263));
}

TEST_F(CausalLayout, TextBeforeTheAnswerLosesItsWhiteSpaceAtTheEnd) {
  EXPECT_THAT(ids({{field("a \n"), AnswerSlot{}}}), ElementsAre('a'));
}

TEST_F(CausalLayout, TheSeparatorIsALineBreak) {
  EXPECT_THAT(ids({{field("a"), Separator{}, field("b "), AnswerSlot{}}}),
              ElementsAre('a', '\n', 'b'));
}

// --- what queries share --------------------------------------------------------------------------

LaidOutQuery laid_out(const std::vector<TokenId>& ids) {
  LaidOutQuery query;
  query.ids = ids;
  return query;
}

TEST(SharedPrefix, IsWhatAllQueriesBeginWithButTheirLastToken) {
  const auto prefix = ids_of(1, 40);
  auto longer = prefix;
  longer.push_back(5);
  EXPECT_EQ(shared_prefix(std::vector{laid_out(longer), laid_out(longer)}, 4), 40U);
  EXPECT_EQ(shared_prefix(std::vector{laid_out(longer), laid_out(prefix)}, 4), 39U);
  auto other = longer;
  other[35] = 255;
  EXPECT_EQ(shared_prefix(std::vector{laid_out(longer), laid_out(longer), laid_out(other)}, 4),
            35U);
}

TEST(SharedPrefix, IsNothingForOneQueryAndWhereItSavesLittle) {
  const auto ids = ids_of(1, 20);
  EXPECT_EQ(shared_prefix({}, 4), 0U);
  EXPECT_EQ(shared_prefix(std::vector{laid_out(ids)}, 4), 0U);
  EXPECT_EQ(shared_prefix(std::vector{laid_out(ids), laid_out(ids)}, 4), 0U);  // 19 tokens
  EXPECT_EQ(shared_prefix(std::vector{laid_out(ids), laid_out(ids), laid_out(ids)}, 4), 19U);
}

TEST(SharedPrefix, EndsWhereVectorsDiffer) {
  const std::vector<float> a = {1, 2, 3, 4, 1, 2, 3, 4};
  std::vector<float> b = a;
  const auto query = [](const std::vector<float>& numbers, VectorUse use, std::size_t count) {
    LaidOutQuery result = laid_out(ids_of(1, 50));
    for (std::size_t i = 0; i < count; ++i)
      result.vectors.push_back({.token = static_cast<Eigen::Index>(33 + i),
                                .values = numbers.data() + 4 * i,
                                .use = use});
    return result;
  };
  const auto shared = [](const LaidOutQuery& first, const LaidOutQuery& second) {
    return shared_prefix(std::vector{first, second}, 4);
  };
  const auto first = query(a, VectorUse::kAdd, 2);
  EXPECT_EQ(shared(first, query(b, VectorUse::kAdd, 2)), 49U);  // equal numbers elsewhere
  EXPECT_EQ(shared(first, query(b, VectorUse::kReplace, 2)), 33U);
  EXPECT_EQ(shared(first, query(b, VectorUse::kAdd, 1)), 34U);
  b[5] = 0;
  EXPECT_EQ(shared(first, query(b, VectorUse::kAdd, 2)), 34U);
}

}  // namespace
}  // namespace bbprompt
