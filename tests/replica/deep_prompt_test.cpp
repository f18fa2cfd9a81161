// Deep prompts against a float64 RoBERTa of the tests' own, which is held against the golden files
// first.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/replica/replica.hpp"
#include "replica/layer_deviation.hpp"
#include "tests/replica/golden.hpp"
#include "tests/replica/naive_roberta.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::kLogitTolerance;
using testing::NaiveRoberta;

RowMatrixXf random_rows(Eigen::Index num_rows, Eigen::Index num_cols, std::uint64_t seed) {
  RandomStream random({.seed = seed, .purpose = "deep_prompt_test"});
  RowMatrixXf rows(num_rows, num_cols);
  for (Eigen::Index i = 0; i < rows.size(); ++i)
    rows(i / num_cols, i % num_cols) = static_cast<float>(0.3 * random.normal());
  return rows;
}

std::shared_ptr<const RowMatrixXf> shared(const RowMatrixXf& rows) {
  return std::make_shared<const RowMatrixXf>(rows);
}

// A model folder, read once for all tests.
struct LoadedModel {
  explicit LoadedModel(const std::filesystem::path& path)
      : folder(path),
        naive(path),
        view(std::make_shared<const ReplicaView>(ReplicaOptions{.folder = path})),
        weights(view->weights()) {}

  static const LoadedModel& of(const std::filesystem::path& path) {
    static std::map<std::filesystem::path, std::unique_ptr<LoadedModel>> models;
    auto& model = models[path];
    if (!model) model = std::make_unique<LoadedModel>(path);
    return *model;
  }
  [[nodiscard]] std::unique_ptr<Replica> replica(std::int64_t max_batch_tokens = 1024) const {
    return std::make_unique<Replica>(
        view, ReplicaOptions{.folder = folder, .max_batch_tokens = max_batch_tokens});
  }

  std::filesystem::path folder;
  NaiveRoberta naive;
  std::shared_ptr<const ReplicaView> view;
  std::shared_ptr<const Weights> weights;
};

// Ids before and after three prompt vectors, the answer last but one.
struct Sample {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
};

class DeepPrompt : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr TokenId kBegin = 0, kEnd = 2;
  static constexpr Eigen::Index kLength = 3;

  void SetUp() override {
    const std::string folder = std::string("models/") + GetParam();
    BBPROMPT_REQUIRE_SHARED(folder);
    model_ = &LoadedModel::of(testing::shared_folder() / folder);
    naive_ = &model_->naive;
    replica_ = model_->replica();
    mask_ = *replica_->view().tokenizer()->special_tokens().mask;
    const Eigen::Index width = replica_->view().info().hidden_size;
    prompt_ = {.vectors = shared(random_rows(kLength, width, 0)), .base_ids = {30, 31, 32}};
    for (int l = 1; l < naive_->num_layers(); ++l)
      prompt_.layers.push_back(shared(random_rows(kLength, width, static_cast<std::uint64_t>(l))));
  }

  [[nodiscard]] static Query query(const PromptVectors& prompt, const Sample& sample) {
    return {{PromptTokens{sample.before}, prompt, PromptTokens{sample.after}, AnswerSlot{}}};
  }
  // Begin token, sample with `prompt_ids` within, mask, end token.
  [[nodiscard]] std::vector<TokenId> ids(const Sample& sample,
                                         const std::vector<TokenId>& prompt_ids) const {
    std::vector<TokenId> all = {kBegin};
    for (const auto* part : {&sample.before, &prompt_ids, &sample.after})
      all.insert(all.end(), part->begin(), part->end());
    all.push_back(mask_);
    all.push_back(kEnd);
    return all;
  }
  // The prompt's rows at their place among `num_tokens` rows of zeros.
  [[nodiscard]] static Eigen::MatrixXd placed(const RowMatrixXf& rows, const Sample& sample,
                                              std::size_t num_tokens) {
    Eigen::MatrixXd all = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(num_tokens), rows.cols());
    all.middleRows(1 + static_cast<Eigen::Index>(sample.before.size()), kLength) =
        rows.cast<double>();
    return all;
  }
  [[nodiscard]] Eigen::RowVectorXd expected(const PromptVectors& prompt,
                                            const Sample& sample) const {
    const auto tokens = ids(sample, {30, 31, 32});
    Eigen::MatrixXd words = naive_->words(tokens);
    if (prompt.base_ids.empty())
      words.middleRows(1 + static_cast<Eigen::Index>(sample.before.size()), kLength).setZero();
    words += placed(*prompt.vectors, sample, tokens.size());
    std::vector<Eigen::MatrixXd> added(static_cast<std::size_t>(naive_->num_layers()),
                                       Eigen::MatrixXd::Zero(words.rows(), words.cols()));
    for (std::size_t i = 0; i < prompt.layers.size(); ++i)
      added[i + 1] = placed(*prompt.layers[i], sample, tokens.size());
    return naive_->scores(naive_->states(words, added).back(), words.rows() - 2, answers_);
  }

  const std::vector<TokenId> answers_ = {5, 730, 2760};
  const std::vector<Answer> words_{answers_.begin(), answers_.end()};
  const std::vector<Sample> samples_ = {{{}, {446, 447, 448, 449}},
                                        {{100, 200, 300}, {}},
                                        {{}, {}},
                                        {{50, 51, 52, 53, 54, 55}, {60, 61, 62, 63, 64, 65, 66}}};
  const LoadedModel* model_ = nullptr;
  const NaiveRoberta* naive_ = nullptr;
  std::unique_ptr<Replica> replica_;
  TokenId mask_ = 0;
  PromptVectors prompt_;
};

TEST_P(DeepPrompt, ItsReferenceGivesTheGoldenLogits) {
  const auto golden = testing::read_golden(model_->folder / "golden.json");
  const auto token_ids = golden["token_ids"].get<std::vector<TokenId>>();
  int num_checked = 0;
  for (const auto& golden_case : golden["cases"]) {
    if (golden_case.contains("attention_mask")) continue;
    const bool is_text = golden_case.contains("text");  // one row, one place
    const auto tokens = (is_text ? golden_case["input_ids"] : golden_case["input_ids"][0])
                            .get<std::vector<TokenId>>();
    if (std::find(tokens.begin(), tokens.end(), 1) != tokens.end()) continue;  // padding
    Eigen::MatrixXd words = naive_->words(tokens);
    if (golden_case.contains("embedding_vectors")) {
      const auto replaced = golden_case["embedding_positions"].get<std::vector<Eigen::Index>>();
      for (std::size_t i = 0; i < replaced.size(); ++i) {
        const auto row = golden_case["embedding_vectors"][i].get<std::vector<double>>();
        words.row(replaced[i]) = Eigen::Map<const Eigen::RowVectorXd>(row.data(), words.cols());
      }
    }
    const auto states = naive_->states(words);
    const auto places = is_text ? nlohmann::json{golden_case} : golden_case["rows"][0]["at"];
    for (const auto& at : places) {
      const auto scores =
          naive_->scores(states.back(), at["position"].get<Eigen::Index>(), token_ids);
      for (std::size_t i = 0; i < token_ids.size(); ++i)
        EXPECT_NEAR(scores[static_cast<Eigen::Index>(i)], at["logits"][i].get<double>(), 1e-9);
      ++num_checked;
    }
  }
  EXPECT_GE(num_checked, 8);
}

TEST_P(DeepPrompt, IsAddedBeforeEveryLayerAtItsTokensAlone) {
  PromptVectors alone = prompt_;
  alone.base_ids.clear();
  for (const PromptVectors& prompt : {prompt_, alone}) {
    std::vector<Query> queries;
    for (const Sample& sample : samples_) queries.push_back(query(prompt, sample));
    for (const std::int64_t max_batch_tokens : {1, 20, 1024}) {
      const auto replica = model_->replica(max_batch_tokens);
      const auto scores = replica->score(queries, words_).scores;
      for (std::size_t i = 0; i < samples_.size(); ++i) {
        const Eigen::RowVectorXd difference =
            scores.row(static_cast<Eigen::Index>(i)) - expected(prompt, samples_[i]);
        EXPECT_LT(difference.cwiseAbs().maxCoeff(), kLogitTolerance)
            << "sample " << i << ", batches of " << max_batch_tokens;
      }
    }
  }
}

TEST_P(DeepPrompt, OfZerosIsTheOrdinaryPromptAndEachLayerCounts) {
  PromptVectors ordinary = prompt_;
  ordinary.layers.clear();
  const auto score = [&](const PromptVectors& prompt) -> Eigen::MatrixXd {
    const Query asked = query(prompt, samples_[0]);
    return replica_->score({&asked, 1}, words_).scores;
  };
  PromptVectors changed = prompt_;
  for (auto& layer : changed.layers) layer = shared(RowMatrixXf::Zero(kLength, layer->cols()));
  EXPECT_EQ(score(changed), score(ordinary));
  for (std::size_t i = 0; i < prompt_.layers.size(); ++i) {
    PromptVectors one = changed;
    one.layers[i] = prompt_.layers[i];
    EXPECT_GT((score(one) - score(ordinary)).cwiseAbs().maxCoeff(), 1e-3) << "layer " << i + 1;
  }
}

TEST_P(DeepPrompt, StepsOfTheEncoderGiveTheStatesOfAll) {
  const auto& weights = model_->weights;
  Encoder encoder(weights);
  TokenBatch batch;
  batch.ids = ids(samples_[3], {30, 31, 32});
  batch.positions = position_rows(weights->config(), batch.ids);
  batch.types.assign(batch.ids.size(), 0);
  batch.begins.push_back(batch.num_tokens());
  const RowMatrixXf added = random_rows(1, weights->config().hidden_size, 9);
  batch.layer_vectors = {{.layer = 1, .token = 4, .values = added.data()}};
  const auto states = encoder.encode_all(batch);
  Eigen::MatrixXd words = naive_->words(batch.ids);
  std::vector<Eigen::MatrixXd> expected_added(static_cast<std::size_t>(naive_->num_layers()),
                                              Eigen::MatrixXd::Zero(words.rows(), words.cols()));
  expected_added[1].row(4) = added.cast<double>();
  const auto expected_states = naive_->states(words, expected_added);
  ASSERT_EQ(states.size(), expected_states.size());
  for (std::size_t i = 0; i < states.size(); ++i)
    EXPECT_LT((states[i].cast<double>() - expected_states[i]).cwiseAbs().maxCoeff(), 1e-5) << i;
  batch.layer_vectors[0].layer = 0;
  EXPECT_THROW((void)encoder.encode_all(batch), Error);
  batch.layer_vectors[0] = {.layer = naive_->num_layers(), .token = 4, .values = added.data()};
  EXPECT_THROW((void)encoder.encode_all(batch), Error);
  batch.layer_vectors[0] = {.layer = 1, .token = batch.num_tokens(), .values = added.data()};
  EXPECT_THROW((void)encoder.encode_all(batch), Error);
}

// BBTv2's published code: h = clip(h, mean -/+ 3 std), 5 times; std over n.
double published_deviation(std::vector<double> h) {
  double deviation = 0;
  for (int round = 0; round <= 5; ++round) {
    const auto n = static_cast<double>(h.size());
    const double mean = std::accumulate(h.begin(), h.end(), 0.0) / n;
    double square_sum = 0;
    for (const double value : h) square_sum += (value - mean) * (value - mean);
    deviation = std::sqrt(square_sum / n);
    for (double& value : h) value = std::clamp(value, mean - 3 * deviation, mean + 3 * deviation);
  }
  return deviation;
}

TEST_P(DeepPrompt, LayerDeviationsAreThoseOfTheHiddenStates) {
  std::vector<std::vector<double>> values(static_cast<std::size_t>(naive_->num_layers()));
  std::vector<Query> queries;
  for (const Sample& sample : samples_) {
    queries.push_back({{PromptTokens{sample.before}, PromptTokens{{30, 31, 32}},
                        PromptTokens{sample.after}, AnswerSlot{}}});
    const auto states = naive_->states(naive_->words(ids(sample, {30, 31, 32})));
    for (std::size_t l = 0; l < values.size(); ++l)
      values[l].insert(values[l].end(), states[l].data(), states[l].data() + states[l].size());
  }
  const auto found = replica_->layer_deviations(queries).deviations;
  ASSERT_EQ(found.size(), values.size() - 1);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], published_deviation(values[i + 1]), 1e-5 * found[i]) << "layer " << i + 1;
  EXPECT_EQ(replica_->layer_deviations(queries).deviations, found);
  const auto one_at_a_time = model_->replica(1);
  const auto again = one_at_a_time->layer_deviations(queries).deviations;
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(again[i], found[i], 1e-5 * found[i]);
}

TEST_P(DeepPrompt, IsRefusedWhereItsLayersAreNotTheModels) {
  const auto message = [&](const PromptVectors& prompt) -> std::string {
    const Query asked = query(prompt, samples_[0]);
    try {
      (void)replica_->score({&asked, 1}, words_);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "scored";
  };
  const Eigen::Index width = replica_->view().info().hidden_size;
  const std::string num_layers = std::to_string(naive_->num_layers());
  EXPECT_EQ(replica_->view().info().num_layers, naive_->num_layers());
  PromptVectors wrong = prompt_;
  wrong.layers.push_back(prompt_.layers.back());
  EXPECT_THAT(message(wrong), HasSubstr("a deep prompt for " + num_layers + " layers, found " +
                                        std::to_string(naive_->num_layers() + 1)));
  wrong = prompt_;
  wrong.layers.back() = shared(RowMatrixXf::Zero(2, width));
  EXPECT_THAT(message(wrong), HasSubstr("3 prompt vectors in each layer, found 2"));
  wrong.layers.back() = shared(RowMatrixXf::Zero(3, width + 1));
  EXPECT_THAT(message(wrong), HasSubstr(std::to_string(width + 1) + " in a row"));
  wrong.layers.back() = nullptr;
  EXPECT_THAT(message(wrong), HasSubstr("found none"));
  wrong.layers.back() = shared(RowMatrixXf::Constant(3, width, std::nanf("")));
  EXPECT_THAT(message(wrong), HasSubstr("NaN"));
}

INSTANTIATE_TEST_SUITE_P(Models, DeepPrompt,
                         ::testing::Values("tiny-roberta-random", "tiny-roberta"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ClippedDeviation, BoundsWhatOutliersDo) {
  // 0 ten thousand times but for one spike: round after round the bound comes closer.
  std::vector<RowMatrixXf> states(2, RowMatrixXf::Zero(50, 100));
  states[1](7, 3) = 1000.0F;
  std::vector<double> values(10000, 0.0);
  values[0] = 1000.0;
  const double expected = published_deviation(values);
  EXPECT_LT(expected, 1e-4);
  EXPECT_NEAR(clipped_deviation(states), expected, 1e-5 * expected);
  // Nothing lies beyond 3 deviations of a two-valued set.
  states = {RowMatrixXf::Constant(4, 4, -2.0F), RowMatrixXf::Constant(4, 4, 4.0F)};
  EXPECT_DOUBLE_EQ(clipped_deviation(states), 3.0);
  EXPECT_EQ(clipped_deviation({}), 0.0);
}

}  // namespace
}  // namespace bbprompt
