#include "bbprompt/replica/encoder.hpp"

#include <algorithm>
#include <string>

#include "bbprompt/base/error.hpp"
#include "replica/activations.hpp"
#include "replica/attention.hpp"
#include "replica/layer_norm.hpp"
#include "replica/linear.hpp"

namespace bbprompt {

namespace {

// Tokens that the feed-forward layer takes at once. Fewer need less memory, but a matrix product
// prepares the weights anew each time: 2 % of its time at 512 tokens.
constexpr Eigen::Index kFeedForwardTokens = 512;
constexpr Eigen::Index kKernelTokens = 64;  // parts of multiples of these give the same bits

// Tokens of each part but the last: as equal as can be, so that the last one is no scrap.
Eigen::Index part_size(Eigen::Index num_tokens) {
  const Eigen::Index num_parts = (num_tokens + kFeedForwardTokens - 1) / kFeedForwardTokens;
  if (num_parts <= 1) return num_tokens;
  const Eigen::Index even = (num_tokens + num_parts - 1) / num_parts;
  return (even + kKernelTokens - 1) / kKernelTokens * kKernelTokens;
}

}  // namespace

std::vector<int> position_rows(const ModelConfig& config, const std::vector<TokenId>& ids) {
  std::vector<int> rows(ids.size());
  int next = config.first_position();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool is_padding =
        config.architecture == Architecture::kRoberta && ids[i] == config.pad_token_id;
    rows[i] = is_padding ? config.pad_token_id : next++;
  }
  return rows;
}

// Tokens whose output a layer computes: `begins` parts them by sequence, as in a batch; `tokens`
// names them, empty for all.
struct Encoder::AskedRows {
  std::vector<Eigen::Index> begins;
  std::vector<Eigen::Index> tokens;
};

// Every rank has its own, so what a layer no longer needs gives its place to what comes next: the
// context replaces the queries, what attention puts out the keys, and the feed-forward layer, over
// some of the tokens at a time, queries and values.
struct Encoder::Buffers {
  using RowsMap = Eigen::Map<RowMatrixXf>;

  RowMatrixXf hidden, asked, key;
  Eigen::VectorXf scores;  // Eigen's alignment keeps the order of vectorised sums the same

  // The first `count` rows.
  RowsMap query(Eigen::Index count) { return {scratch_.data(), count, hidden.cols()}; }
  RowsMap value(Eigen::Index count) { return {scratch_.data() + values_at_, count, hidden.cols()}; }
  RowsMap intermediate(Eigen::Index count, Eigen::Index size) {
    return {scratch_.data(), count, size};
  }

  void reserve(const ModelConfig& config, const TokenBatch& batch) {
    const Eigen::Index num_tokens = batch.num_tokens();
    if (hidden.rows() < num_tokens) {
      for (auto* matrix : {&hidden, &key}) matrix->resize(num_tokens, config.hidden_size);
      values_at_ = (num_tokens * config.hidden_size + 15) / 16 * 16;
      scratch_.resize(std::max(
          2 * values_at_, std::min(num_tokens, kFeedForwardTokens) * config.intermediate_size));
    }
    const auto num_sequences = static_cast<Eigen::Index>(batch.num_sequences());
    if (asked.rows() < num_sequences) asked.resize(num_sequences, config.hidden_size);
    Eigen::Index longest = 0;
    for (std::size_t i = 0; i < batch.num_sequences(); ++i)
      longest = std::max(longest, batch.begins[i + 1] - batch.begins[i]);
    if (scores.size() < longest * longest) scores.resize(longest * longest);
  }

 private:
  Eigen::VectorXf scratch_;
  Eigen::Index values_at_ = 0;
};

Encoder::Encoder(std::shared_ptr<const Weights> weights)
    : weights_(std::move(weights)), buffers_(std::make_unique<Buffers>()) {}

Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

Eigen::Map<const RowMatrixXf> Encoder::encode_answers(const TokenBatch& batch) {
  if (batch.answers.size() != batch.num_sequences())
    throw Error("encoder: expected one answer token per sequence");
  embed(batch);
  const AskedRows all{.begins = batch.begins, .tokens = {}};
  AskedRows answers{.begins = {}, .tokens = batch.answers};
  for (std::size_t i = 0; i <= batch.num_sequences(); ++i)
    answers.begins.push_back(static_cast<Eigen::Index>(i));
  const int num_layers = weights_->config().num_layers;
  for (int layer = 0; layer < num_layers; ++layer)
    // Nobody reads the last layer but at the answers: its other rows need not be computed.
    apply_layer(layer, batch, layer + 1 < num_layers ? all : answers);
  return {buffers_->hidden.data(), answers.begins.back(), buffers_->hidden.cols()};
}

std::vector<RowMatrixXf> Encoder::encode_all(const TokenBatch& batch) {
  std::vector<RowMatrixXf> states = {embed_tokens(batch)};
  for (int layer = 0; layer < weights_->config().num_layers; ++layer) {
    RowMatrixXf next = states.back();
    advance(batch, layer, next);
    states.push_back(std::move(next));
  }
  return states;
}

RowMatrixXf Encoder::embed_tokens(const TokenBatch& batch) {
  embed(batch);
  return buffers_->hidden.topRows(batch.num_tokens());
}

void Encoder::advance(const TokenBatch& batch, int layer, RowMatrixXf& states) {
  check(batch);
  if (layer < 0 || layer >= weights_->config().num_layers || states.rows() != batch.num_tokens() ||
      states.cols() != weights_->config().hidden_size) {
    throw Error("encoder: expected a layer of the model and a hidden state for every token");
  }
  buffers_->reserve(weights_->config(), batch);
  buffers_->hidden.topRows(batch.num_tokens()) = states;
  apply_layer(layer, batch, {.begins = batch.begins, .tokens = {}});
  states = buffers_->hidden.topRows(batch.num_tokens());
}

void Encoder::check(const TokenBatch& batch) const {
  const auto& config = weights_->config();
  const auto is_within = [](const std::vector<int>& rows, std::size_t count, int bound) {
    return rows.size() == count && std::all_of(rows.begin(), rows.end(), [bound](int row) {
             return row >= 0 && row < bound;
           });
  };
  const auto is_token = [&batch](Eigen::Index token) {
    return token >= 0 && token < batch.num_tokens();
  };
  if (!is_within(batch.ids, batch.ids.size(), config.vocab_size) ||
      !is_within(batch.positions, batch.ids.size(), config.num_positions) ||
      !is_within(batch.types, batch.ids.size(), config.num_types)) {
    throw Error("encoder: expected an id, position and type within the model for every token");
  }
  if (batch.begins.empty() || batch.begins.front() != 0 ||
      batch.begins.back() != batch.num_tokens() ||
      std::adjacent_find(batch.begins.begin(), batch.begins.end(), std::greater_equal<>()) !=
          batch.begins.end()) {
    throw Error("encoder: expected ascending sequence begins from 0 to the number of tokens");
  }
  if (!std::all_of(batch.answers.begin(), batch.answers.end(), is_token) ||
      !std::all_of(batch.vectors.begin(), batch.vectors.end(),
                   [&](const InputVector& vector) { return is_token(vector.token); }) ||
      !std::all_of(batch.layer_vectors.begin(), batch.layer_vectors.end(),
                   [&](const LayerVector& vector) {
                     return is_token(vector.token) && vector.layer >= 1 &&
                            vector.layer < config.num_layers;
                   }) ||
      (!batch.attended.empty() && batch.attended.size() != batch.ids.size())) {
    throw Error("encoder: expected answers, vectors and mask to be of tokens of the batch");
  }
}

void Encoder::embed(const TokenBatch& batch) {
  check(batch);
  const auto& weights = weights_->embeddings();
  buffers_->reserve(weights_->config(), batch);
  auto hidden = buffers_->hidden.topRows(batch.num_tokens());
  for (Eigen::Index token = 0; token < hidden.rows(); ++token)
    hidden.row(token) = weights.words.map().row(batch.ids[static_cast<std::size_t>(token)]);
  for (const InputVector& vector : batch.vectors) {
    const Eigen::Map<const Eigen::RowVectorXf> values(vector.values, hidden.cols());
    if (vector.use == VectorUse::kReplace) hidden.row(vector.token).setZero();
    hidden.row(vector.token) += values;
  }
  for (Eigen::Index token = 0; token < hidden.rows(); ++token) {
    hidden.row(token) +=
        weights.types.map().row(batch.types[static_cast<std::size_t>(token)]) +
        weights.positions.map().row(batch.positions[static_cast<std::size_t>(token)]);
  }
  layer_norm(weights.norm, weights_->config().layer_norm_eps, hidden);
}

void Encoder::attend_all(const TokenBatch& batch, const AskedRows& asked) {
  auto queries = buffers_->query(asked.begins.back());
  const auto values = buffers_->value(batch.num_tokens());
  for (std::size_t i = 0; i < batch.num_sequences(); ++i) {
    const Eigen::Index begin = batch.begins[i];
    const Eigen::Index count = batch.begins[i + 1] - begin;
    const Eigen::Index first_asked = asked.begins[i];
    const Eigen::Index num_asked = asked.begins[i + 1] - first_asked;
    std::span<const std::uint8_t> attended;
    if (!batch.attended.empty()) {
      attended = std::span(batch.attended)
                     .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    }
    attend({.query = queries.middleRows(first_asked, num_asked),
            .key = buffers_->key.middleRows(begin, count),
            .value = values.middleRows(begin, count),
            .attended = attended},
           weights_->config().num_heads,
           {buffers_->scores.data(), static_cast<std::size_t>(buffers_->scores.size())},
           queries.middleRows(first_asked, num_asked));
  }
}

void Encoder::add_layer_vectors(int layer, const TokenBatch& batch) {
  for (const LayerVector& vector : batch.layer_vectors) {
    if (vector.layer != layer) continue;
    buffers_->hidden.row(vector.token) +=
        Eigen::Map<const Eigen::RowVectorXf>(vector.values, buffers_->hidden.cols());
  }
}

void Encoder::apply_layer(int index, const TokenBatch& batch, const AskedRows& asked) {
  add_layer_vectors(index, batch);
  const LayerWeights& layer = weights_->layers()[static_cast<std::size_t>(index)];
  Buffers& buffers = *buffers_;
  const float eps = weights_->config().layer_norm_eps;
  const Eigen::Index num_tokens = batch.num_tokens();
  const Eigen::Index num_asked = asked.begins.back();
  const auto hidden = buffers.hidden.topRows(num_tokens);
  apply_linear(layer.key, hidden, buffers.key.topRows(num_tokens));
  apply_linear(layer.value, hidden, buffers.value(num_tokens));
  for (Eigen::Index i = 0; i < static_cast<Eigen::Index>(asked.tokens.size()); ++i)
    buffers.asked.row(i) = hidden.row(asked.tokens[static_cast<std::size_t>(i)]);
  const ConstRows input =
      asked.tokens.empty() ? ConstRows(hidden) : ConstRows(buffers.asked.topRows(num_asked));
  apply_linear(layer.query, input, buffers.query(num_asked));
  attend_all(batch, asked);

  auto attended = buffers.key.topRows(num_asked);
  apply_linear_residual(layer.attention_output, buffers.query(num_asked), input, attended);
  layer_norm(layer.attention_norm, eps, attended);

  auto output = buffers.hidden.topRows(num_asked);
  feed_forward(layer, attended, output);
  layer_norm(layer.output_norm, eps, output);
}

void Encoder::feed_forward(const LayerWeights& layer, const Eigen::Ref<const RowMatrixXf>& attended,
                           Eigen::Ref<RowMatrixXf> output) {
  const Eigen::Index size = part_size(attended.rows());
  for (Eigen::Index begin = 0; begin < attended.rows(); begin += size) {
    const Eigen::Index count = std::min(size, attended.rows() - begin);
    const auto input = attended.middleRows(begin, count);
    auto intermediate = buffers_->intermediate(count, layer.intermediate.weight.rows);
    multiply_transposed(input, layer.intermediate.weight.map(), intermediate);
    add_bias_and_activate(weights_->config().activation, layer.intermediate.bias, intermediate);
    apply_linear_residual(layer.output, intermediate, input, output.middleRows(begin, count));
  }
}

std::int64_t Encoder::scratch_bytes(const ModelConfig& config, std::int64_t num_tokens) {
  const std::int64_t longest = config.max_tokens();
  const std::int64_t tokens = std::max(num_tokens, longest);
  const std::int64_t states = 2 * tokens * config.hidden_size;
  const std::int64_t inner =
      std::min<std::int64_t>(tokens, kFeedForwardTokens) * config.intermediate_size;
  return static_cast<std::int64_t>(sizeof(float)) *
         (states + std::max(states, inner) + longest * longest);
}

}  // namespace bbprompt
