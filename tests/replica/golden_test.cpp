#include "tests/replica/golden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "bbprompt/replica/masked_lm_head.hpp"

namespace bbprompt {
namespace {

using testing::GoldenBatch;
using testing::kLogitTolerance;
using testing::kNormTolerance;

double log_sum_exp(const Eigen::RowVectorXd& logits) {
  const double most = logits.maxCoeff();
  return most + std::log((logits.array() - most).exp().sum());
}

// One place of a golden file: the scores of the whole vocabulary there.
void expect_scores(const nlohmann::json& at, const std::vector<TokenId>& ids,
                   const Eigen::RowVectorXd& logits) {
  const double normaliser = log_sum_exp(logits);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_NEAR(logits[ids[i]], at["logits"][i].get<double>(), kLogitTolerance) << ids[i];
    EXPECT_NEAR(logits[ids[i]] - normaliser, at["log_softmax"][i].get<double>(), kLogitTolerance)
        << ids[i];
  }
  Eigen::Index best = 0;
  logits.maxCoeff(&best);
  EXPECT_EQ(best, at["argmax"].get<Eigen::Index>());
}

void expect_norms(const nlohmann::json& norms, const RowMatrixXf& states, Eigen::Index begin) {
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (norms[i].is_null()) continue;  // padding
    const double expected = norms[i].get<double>();
    const double found = states.row(begin + static_cast<Eigen::Index>(i)).cast<double>().norm();
    EXPECT_NEAR(found, expected, kNormTolerance * expected) << "token " << i;
  }
}

struct GoldenFile {
  std::string folder;
  std::string golden;
  std::string weights;

  friend std::ostream& operator<<(std::ostream& out, const GoldenFile& file) {
    return out << file.folder << '/' << file.weights;
  }
};

class GoldenModel : public ::testing::TestWithParam<GoldenFile> {};

TEST_P(GoldenModel, GivesTheLogitsNormsAndArgmaxOfEveryCase) {
  const auto& file = GetParam();
  BBPROMPT_REQUIRE_SHARED("models/" + file.folder);
  const auto folder = testing::shared_folder() / "models" / file.folder;
  const auto golden = testing::read_golden(folder / file.golden);
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  const auto weights = Weights::load(folder, file.weights);
  Encoder encoder(weights);
  const MaskedLmHead head(weights);
  for (const auto& golden_case : golden["cases"]) {
    SCOPED_TRACE(golden_case["name"].get<std::string>());
    const GoldenBatch input(weights->config(), golden_case);
    const auto states = encoder.encode_all(input.batch);
    const RowMatrixXf logits = head.score_all(states.back());
    for (std::size_t row = 0; row < golden_case["rows"].size(); ++row) {
      const auto& expected = golden_case["rows"][row];
      const Eigen::Index begin = input.batch.begins[row];
      for (const auto& at : expected["at"]) {
        expect_scores(at, ids,
                      logits.row(begin + at["position"].get<Eigen::Index>()).cast<double>());
      }
      expect_norms(expected["hidden_l2"]["embeddings"], states[0], begin);
      for (std::size_t layer = 1; layer < states.size(); ++layer) {
        expect_norms(expected["hidden_l2"]["layer_" + std::to_string(layer)], states[layer], begin);
      }
    }
  }
}

TEST_P(GoldenModel, ComputesTheLastLayerAtTheAnswerOnlyToTheSameScores) {
  const auto& file = GetParam();
  BBPROMPT_REQUIRE_SHARED("models/" + file.folder);
  const auto folder = testing::shared_folder() / "models" / file.folder;
  const auto golden = testing::read_golden(folder / file.golden);
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  const auto weights = Weights::load(folder, file.weights);
  Encoder encoder(weights);
  const MaskedLmHead head(weights);
  for (const auto& golden_case : golden["cases"]) {
    SCOPED_TRACE(golden_case["name"].get<std::string>());
    GoldenBatch input(weights->config(), golden_case);
    const auto& rows = golden_case["rows"];
    for (std::size_t row = 0; row < rows.size(); ++row)
      input.batch.answers.push_back(input.batch.begins[row] +
                                    rows[row]["at"].back()["position"].get<Eigen::Index>());
    const RowMatrixXf scores = head.score(encoder.encode_answers(input.batch), ids);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_NEAR(scores(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(i)),
                    rows[row]["at"].back()["logits"][i].get<double>(), kLogitTolerance);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, GoldenModel,
    ::testing::Values(GoldenFile{"tiny-bert-random", "golden.json", "model.safetensors"},
                      GoldenFile{"tiny-bert-random", "golden.json", "model-hub-names.safetensors"},
                      GoldenFile{"tiny-bert-random", "golden-f16.json", "model-f16.safetensors"},
                      GoldenFile{"tiny-bert-random", "golden-bf16.json", "model-bf16.safetensors"},
                      GoldenFile{"tiny-roberta-random", "golden.json", "model.safetensors"}),
    [](const auto& test) {
      std::string name = test.param.folder + "_" + test.param.weights;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

// Sequences `first` to `last` of 30 tokens, no two alike.
TokenBatch numbered_batch(const ModelConfig& config, int first, int last) {
  TokenBatch batch;
  for (int sequence = first; sequence <= last; ++sequence) {
    std::vector<TokenId> ids(30);
    for (std::size_t i = 0; i < ids.size(); ++i)
      ids[i] = 5 + (sequence * 131 + static_cast<TokenId>(i) * 17) % (config.vocab_size - 5);
    const auto positions = position_rows(config, ids);
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.positions.insert(batch.positions.end(), positions.begin(), positions.end());
    batch.begins.push_back(batch.num_tokens());
  }
  batch.types.assign(batch.ids.size(), 0);
  return batch;
}

// The feed-forward layer takes the tokens of large batches in parts.
TEST(Encoder, GivesTokensOfALargeBatchTheStatesTheyHaveAlone) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
  const auto weights = Weights::load(testing::shared_folder() / "models" / "tiny-roberta");
  Encoder encoder(weights);
  for (const int count : {17, 18, 35, 50}) {  // 510, 540, 1050 and 1500 tokens
    const auto together = encoder.encode_all(numbered_batch(weights->config(), 0, count - 1));
    for (int sequence = count % 5; sequence < count; sequence += 6) {
      const auto alone = encoder.encode_all(numbered_batch(weights->config(), sequence, sequence));
      const RowMatrixXf difference = together.back().middleRows(30 * sequence, 30) - alone.back();
      ASSERT_LT(difference.cwiseAbs().maxCoeff(), 1e-4F) << sequence << " of " << count;
    }
  }
}

TEST(PretrainedTinyRoberta, GivesTheLogitsOfRealSentences) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
  const auto folder = testing::shared_folder() / "models" / "tiny-roberta";
  const auto golden = testing::read_golden(folder / "golden.json");
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  const auto weights = Weights::load(folder);
  Encoder encoder(weights);
  const MaskedLmHead head(weights);
  for (const auto& golden_case : golden["cases"]) {
    SCOPED_TRACE(golden_case["text"].get<std::string>());
    TokenBatch batch;
    batch.ids = golden_case["input_ids"].get<std::vector<TokenId>>();
    batch.positions = position_rows(weights->config(), batch.ids);
    batch.types.assign(batch.ids.size(), 0);
    batch.begins.push_back(batch.num_tokens());
    const auto states = encoder.encode_all(batch);
    const RowMatrixXf logits =
        head.score_all(states.back().row(golden_case["position"].get<Eigen::Index>()));
    expect_scores(golden_case, ids, logits.row(0).cast<double>());
    expect_norms(golden_case["hidden_l2_last"], states.back(), 0);
  }
}

}  // namespace
}  // namespace bbprompt
