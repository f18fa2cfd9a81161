// GPT-2 against Hugging Face's own code in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "bbprompt/replica/causal_head.hpp"
#include "bbprompt/replica/causal_replica.hpp"
#include "bbprompt/replica/decoder.hpp"
#include "tests/replica/golden.hpp"

namespace bbprompt {
namespace {

using testing::kLogitTolerance;
using testing::kNormTolerance;

std::filesystem::path folder() { return testing::shared_folder() / "models/tiny-gpt2-random"; }

// A row of a case as one piece. Tokens that no one may look at are left out: the others keep their
// positions, and so their values.
struct GoldenRow {
  CausalBatch batch;
  std::vector<Eigen::Index> places;  // in the row of the file
  std::vector<std::vector<float>> vectors;

  GoldenRow(const nlohmann::json& golden_case, std::size_t row) {
    const auto ids = golden_case["input_ids"][row].get<std::vector<TokenId>>();
    std::vector<int> attended(ids.size(), 1);
    if (golden_case.contains("attention_mask"))
      attended = golden_case["attention_mask"][row].get<std::vector<int>>();
    std::vector<int> positions;
    if (golden_case.contains("position_ids"))
      positions = golden_case["position_ids"][row].get<std::vector<int>>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (attended[i] == 0) continue;
      batch.ids.push_back(ids[i]);
      batch.positions.push_back(positions.empty() ? static_cast<int>(i) : positions[i]);
      places.push_back(static_cast<Eigen::Index>(i));
    }
    batch.pieces.push_back({.end = batch.num_tokens(), .num_asked = batch.num_tokens()});
    if (!golden_case.contains("embedding_vectors")) return;
    vectors = golden_case["embedding_vectors"].get<std::vector<std::vector<float>>>();
    const auto at = golden_case["embedding_positions"].get<std::vector<Eigen::Index>>();
    for (std::size_t i = 0; i < at.size(); ++i)
      batch.vectors.push_back({.token = at[i], .values = vectors[i].data()});
  }
};

void expect_values(const nlohmann::json& at, const std::vector<TokenId>& ids,
                   const Eigen::RowVectorXd& logits) {
  const double most = logits.maxCoeff();
  const double normaliser = most + std::log((logits.array() - most).exp().sum());
  EXPECT_NEAR(normaliser, at["logsumexp"].get<double>(), kLogitTolerance);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_NEAR(logits[ids[i]], at["logits"][i].get<double>(), kLogitTolerance) << ids[i];
    EXPECT_NEAR(logits[ids[i]] - normaliser, at["log_softmax"][i].get<double>(), kLogitTolerance);
  }
  Eigen::Index best = 0;
  logits.maxCoeff(&best);
  EXPECT_EQ(best, at["argmax"].get<Eigen::Index>());
}

class GoldenGpt2 : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenGpt2, GivesTheLogitsNormsAndArgmaxOfEveryCase) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
  const auto golden = testing::read_golden(folder() / "golden.json");
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  const auto weights = CausalWeights::load(folder(), GetParam());
  Decoder decoder(weights);
  const CausalHead head(weights);
  for (const auto& golden_case : golden["cases"]) {
    SCOPED_TRACE(golden_case["name"].get<std::string>());
    for (std::size_t row = 0; row < golden_case["rows"].size(); ++row) {
      const GoldenRow input(golden_case, row);
      const auto& expected = golden_case["rows"][row];
      const auto states = decoder.decode_all(input.batch);
      const RowMatrixXf all = head.logits(states.back());
      const RowMatrixXf asked = head.logits(decoder.decode(input.batch));
      for (const auto& at : expected["at"]) {
        const auto place =
            std::find(input.places.begin(), input.places.end(), at["position"].get<Eigen::Index>());
        ASSERT_NE(place, input.places.end());
        expect_values(at, ids, all.row(place - input.places.begin()).cast<double>());
        expect_values(at, ids, asked.row(place - input.places.begin()).cast<double>());
      }
      const std::vector<std::string> names = {"embeddings", "layer_1", "layer_2", "final_norm"};
      ASSERT_EQ(states.size(), names.size());
      for (std::size_t s = 0; s < names.size(); ++s) {
        for (Eigen::Index token = 0; token < states[s].rows(); ++token) {
          const auto& norm =
              expected["hidden_l2"][names[s]]
                      [static_cast<std::size_t>(input.places[static_cast<std::size_t>(token)])];
          if (norm.is_null()) continue;
          EXPECT_NEAR(states[s].row(token).cast<double>().norm(), norm.get<double>(),
                      kNormTolerance * norm.get<double>())
              << names[s] << " token " << token;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, GoldenGpt2,
                         ::testing::Values("model.safetensors", "model-hub-names.safetensors"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

Query asked_after(const std::vector<TokenId>& ids) { return {{PromptTokens{ids}, AnswerSlot{}}}; }

std::vector<TokenId> joined(std::vector<TokenId> ids, const std::vector<TokenId>& more) {
  ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

CausalBatch piece_of(const std::vector<TokenId>& ids, int first_position) {
  CausalBatch batch{.ids = ids, .positions = {}, .pieces = {}};
  for (std::size_t i = 0; i < ids.size(); ++i)
    batch.positions.push_back(first_position + static_cast<int>(i));
  batch.pieces.push_back({.end = batch.num_tokens(), .num_asked = 1});
  return batch;
}

class GoldenPrefix : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
    golden_ = testing::read_golden(folder() / "golden_prefix.json");
    ids_ = golden_["token_ids"].get<std::vector<TokenId>>();
  }
  nlohmann::json golden_;
  std::vector<TokenId> ids_;
};

TEST_F(GoldenPrefix, KeptKeysAndValuesGiveWhatAWholeRunGives) {
  const auto weights = CausalWeights::load(folder());
  Decoder decoder(weights);
  const CausalHead head(weights);
  for (const auto& golden_case : golden_["cases"]) {
    SCOPED_TRACE(golden_case["name"].get<std::string>());
    const auto prefix = golden_case["prefix_ids"].get<std::vector<TokenId>>();
    const int length = static_cast<int>(prefix.size());
    const CausalBatch beginning = piece_of(prefix, 0);
    expect_values(golden_case["prefix_end"], ids_,
                  head.logits(decoder.decode(beginning)).row(0).cast<double>());
    const KeyValues kept = decoder.remember(beginning);
    EXPECT_EQ(kept.num_tokens(), length);
    for (const auto& suffix : golden_case["suffixes"]) {
      const CausalBatch rest = piece_of(suffix["suffix_ids"].get<std::vector<TokenId>>(), length);
      expect_values(suffix["at"], ids_,
                    head.logits(decoder.decode(rest, kept)).row(0).cast<double>());
    }
  }
}

// A suffix as an answer of several tokens, and the suffixes as queries that share the prefix.
TEST_F(GoldenPrefix, ScoresWordsWholeAndSharesTheBeginningOfQueries) {
  for (const PrefixReuse reuse : {PrefixReuse::kShared, PrefixReuse::kNone}) {
    const auto replica = load_causal_replica({.folder = folder(), .prefix = reuse});
    const std::vector<Answer> answers(ids_.begin(), ids_.end());
    for (const auto& golden_case : golden_["cases"]) {
      SCOPED_TRACE(golden_case["name"].get<std::string>());
      const auto prefix = golden_case["prefix_ids"].get<std::vector<TokenId>>();
      std::vector<Query> queries;
      std::vector<Answer> words;
      for (const auto& suffix : golden_case["suffixes"]) {
        words.emplace_back(suffix["suffix_ids"].get<std::vector<TokenId>>());
        queries.push_back(asked_after(joined(prefix, words.back().ids())));
      }
      const Query before = asked_after(prefix);
      const auto whole = replica->score({&before, 1}, words).scores;
      const auto after = replica->score(queries, answers).scores;
      for (Eigen::Index s = 0; s < static_cast<Eigen::Index>(words.size()); ++s) {
        const auto& suffix = golden_case["suffixes"][static_cast<std::size_t>(s)];
        double sum = 0;
        for (const auto& value : suffix["suffix_token_logprobs"]) sum += value.get<double>();
        EXPECT_NEAR(
            whole(0, s), sum,
            kLogitTolerance * static_cast<double>(words[static_cast<std::size_t>(s)].ids().size()));
        for (std::size_t i = 0; i < ids_.size(); ++i)
          EXPECT_NEAR(after(s, static_cast<Eigen::Index>(i)),
                      suffix["at"]["log_softmax"][i].get<double>(), kLogitTolerance);
      }
    }
  }
}

TEST_F(GoldenPrefix, ASharedBeginningChangesScoresByLessThanAMillionth) {
  const auto shared = load_causal_replica({.folder = folder()});
  const auto apart = load_causal_replica({.folder = folder(), .prefix = PrefixReuse::kNone});
  const std::vector<Answer> answers(ids_.begin(), ids_.end());
  for (const auto& golden_case : golden_["cases"]) {
    const auto prefix = golden_case["prefix_ids"].get<std::vector<TokenId>>();
    std::vector<Query> queries;
    for (int copy = 0; copy < 5; ++copy) {
      for (const auto& suffix : golden_case["suffixes"])
        queries.push_back(
            asked_after(joined(prefix, suffix["suffix_ids"].get<std::vector<TokenId>>())));
    }
    const Eigen::MatrixXd difference =
        shared->score(queries, answers).scores - apart->score(queries, answers).scores;
    EXPECT_LT(difference.cwiseAbs().maxCoeff(), 1e-6) << golden_case["name"];
  }
}

TEST_F(GoldenPrefix, ContinuesAsHuggingFaceDoes) {
  const auto weights = CausalWeights::load(folder());
  Decoder decoder(weights);
  const CausalHead head(weights);
  for (const auto& golden_case : golden_["cases"]) {
    if (!golden_case.contains("greedy")) continue;
    auto ids = golden_case["prefix_ids"].get<std::vector<TokenId>>();
    for (const auto& expected : golden_case["greedy"]["ids"]) {
      Eigen::Index best = 0;
      head.logits(decoder.decode(piece_of(ids, 0))).row(0).maxCoeff(&best);
      ASSERT_EQ(best, expected.get<Eigen::Index>());
      ids.push_back(static_cast<TokenId>(best));
    }
  }
}

}  // namespace
}  // namespace bbprompt
