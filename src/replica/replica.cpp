#include "bbprompt/replica/replica.hpp"

#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/input_layout.hpp"
#include "replica/gemm.hpp"
#include "replica/layer_deviation.hpp"
#include "replica/replica_options.hpp"

namespace bbprompt {
namespace {

// Adds one query behind the others.
void append(const LaidOutQuery& query, const ModelConfig& config, TokenBatch& batch) {
  const Eigen::Index begin = batch.num_tokens();
  const auto positions = position_rows(config, query.ids);
  batch.ids.insert(batch.ids.end(), query.ids.begin(), query.ids.end());
  batch.positions.insert(batch.positions.end(), positions.begin(), positions.end());
  batch.types.insert(batch.types.end(), query.types.begin(), query.types.end());
  for (InputVector vector : query.vectors) {
    vector.token += begin;
    batch.vectors.push_back(vector);
  }
  for (LayerVector vector : query.layer_vectors) {
    vector.token += begin;
    batch.layer_vectors.push_back(vector);
  }
  batch.answers.push_back(begin + query.answer);
  batch.begins.push_back(batch.num_tokens());
}

}  // namespace

Replica::Replica(std::shared_ptr<const ReplicaView> view, const ReplicaOptions& options)
    : view_(std::move(view)),
      options_(checked(options)),
      weights_(view_->weights()),
      encoder_(weights_),
      head_(weights_) {
  use_threads();  // what memory products take is taken now, where lacking it ends the start
}

// The number is the process's, and models of one process may differ in it.
void Replica::use_threads() const { set_gemm_threads(options_.threads); }

std::vector<TokenId> Replica::tokens_of(std::span<const Answer> answers) const {
  std::vector<TokenId> tokens;
  for (const Answer& answer : answers) {
    const TokenId id = answer.first();
    if (id < 0 || id >= weights_->config().vocab_size) {
      throw ModelError(options_.folder.string(), "expected answer tokens below vocab_size " +
                                                     std::to_string(weights_->config().vocab_size) +
                                                     ", found " + std::to_string(id));
    }
    if (!answer.is_one_token()) {
      throw ModelError(options_.folder.string(),
                       "expected answers of one token, as a mask is one; found one of " +
                           std::to_string(answer.ids().size()));
    }
    tokens.push_back(id);
  }
  return tokens;
}

AnswerScores Replica::score(std::span<const Query> queries, std::span<const Answer> words) {
  use_threads();
  const std::vector<TokenId> answers = tokens_of(words);
  const auto num_answers = static_cast<Eigen::Index>(answers.size());
  AnswerScores result;
  result.scores.resize(static_cast<Eigen::Index>(queries.size()), num_answers);
  Eigen::Index num_done = 0;
  for (const TokenBatch& batch : batches(queries, result.usage)) {
    const auto count = static_cast<Eigen::Index>(batch.num_sequences());
    compute(batch, answers, result.scores.middleRows(num_done, count));
    num_done += count;
  }
  if (!queries.empty()) result.usage.num_calls = 1;
  return result;
}

std::vector<TokenBatch> Replica::batches(std::span<const Query> queries, Usage& usage) {
  std::vector<TokenBatch> batches;
  for (const Query& query : queries) {
    const LaidOutQuery input = view_->layout().lay_out(query);
    const auto num_tokens = static_cast<std::int64_t>(input.ids.size());
    if (batches.empty() || batches.back().num_tokens() + num_tokens > options_.max_batch_tokens)
      batches.emplace_back();
    append(input, weights_->config(), batches.back());
    usage +=
        {.num_queries = 1, .num_tokens = num_tokens, .num_truncated = input.is_truncated ? 1 : 0};
  }
  return batches;
}

LayerDeviations Replica::layer_deviations(std::span<const Query> queries) {
  use_threads();
  LayerDeviations result;
  const auto all = batches(queries, result.usage);
  std::vector<RowMatrixXf> states;
  states.reserve(all.size());
  for (const TokenBatch& batch : all) states.push_back(encoder_.embed_tokens(batch));
  for (int layer = 0; layer + 1 < weights_->config().num_layers; ++layer) {
    for (std::size_t i = 0; i < all.size(); ++i) encoder_.advance(all[i], layer, states[i]);
    result.deviations.push_back(clipped_deviation(states));
  }
  if (!queries.empty()) result.usage.num_calls = 1;
  return result;
}

void Replica::compute(const TokenBatch& batch, std::span<const TokenId> answers,
                      Eigen::Ref<Eigen::MatrixXd> scores) {
  scores = head_.score(encoder_.encode_answers(batch), answers).cast<double>();
  if (!scores.allFinite()) {
    throw ModelError(options_.folder.string(),
                     "expected finite scores, found infinity or NaN: the input or the weights "
                     "overflow float32");
  }
}

std::unique_ptr<Replica> load_replica(const ReplicaOptions& options) {
  return std::make_unique<Replica>(std::make_shared<const ReplicaView>(options), options);
}

}  // namespace bbprompt
