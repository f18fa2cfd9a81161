#include "bbprompt/replica/decoder.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "replica/activations.hpp"
#include "replica/causal_attention.hpp"
#include "replica/layer_norm.hpp"
#include "replica/projection.hpp"

namespace bbprompt {
namespace {

constexpr Eigen::Index kFeedForwardTokens = 512;  // that the feed-forward layer takes at once

bool is_within(const std::vector<int>& rows, std::size_t count, int bound) {
  return rows.size() == count && std::all_of(rows.begin(), rows.end(),
                                             [bound](int row) { return row >= 0 && row < bound; });
}

// Pieces cover the tokens in order, and stand behind earlier ones without a parent.
bool are_pieces_sound(const CausalBatch& batch) {
  Eigen::Index end = 0;
  for (std::size_t i = 0; i < batch.pieces.size(); ++i) {
    const TokenPiece& piece = batch.pieces[i];
    if (piece.begin != end || piece.end <= piece.begin || piece.num_asked < 0 ||
        piece.num_asked > piece.size())
      return false;
    if (piece.has_parent() && (piece.parent >= i || batch.pieces[piece.parent].has_parent()))
      return false;
    end = piece.end;
  }
  return end == batch.num_tokens();
}

}  // namespace

// `stream` is what the layers add to. Of the last layer only the asked rows are left, at its top.
struct Decoder::Buffers {
  RowMatrixXf stream, normed, query, key, value, intermediate;
  RowMatrixXf seen_keys, seen_values;  // of one piece with all that stands before it
  Eigen::VectorXf scores;  // Eigen's alignment keeps the order of vectorised sums the same

  void reserve(const ModelConfig& config, const CausalBatch& batch, Eigen::Index num_before) {
    const Eigen::Index num_tokens = batch.num_tokens();
    if (stream.rows() < num_tokens) {
      for (auto* matrix : {&stream, &normed, &query, &key, &value})
        matrix->resize(num_tokens, config.hidden_size);
      intermediate.resize(std::min(num_tokens, kFeedForwardTokens), config.intermediate_size);
    }
    Eigen::Index most_seen = 0;
    Eigen::Index most_scores = 0;
    for (const TokenPiece& piece : batch.pieces) {
      const Eigen::Index parent = piece.has_parent() ? batch.pieces[piece.parent].size() : 0;
      const Eigen::Index seen = num_before + parent + piece.size();
      most_seen = std::max(most_seen, seen);
      most_scores = std::max(most_scores, scores_size(piece.size(), seen));
    }
    if (seen_keys.rows() < most_seen) {
      for (auto* matrix : {&seen_keys, &seen_values}) matrix->resize(most_seen, config.hidden_size);
    }
    if (scores.size() < most_scores) scores.resize(most_scores);
  }
};

Decoder::Decoder(std::shared_ptr<const CausalWeights> weights)
    : weights_(std::move(weights)), buffers_(std::make_unique<Buffers>()) {}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::check(const CausalBatch& batch, const KeyValues& prefix) const {
  const ModelConfig& config = weights_->config();
  if (!is_within(batch.ids, batch.ids.size(), config.vocab_size) ||
      !is_within(batch.positions, batch.ids.size(), config.num_positions)) {
    throw Error("decoder: expected an id and position within the model for every token");
  }
  if (!are_pieces_sound(batch))
    throw Error("decoder: expected pieces that cover the tokens, each after its parent");
  for (const InputVector& vector : batch.vectors) {
    if (vector.token < 0 || vector.token >= batch.num_tokens())
      throw Error("decoder: expected vectors of tokens of the batch");
  }
  if (!prefix.layers.empty() && static_cast<int>(prefix.layers.size()) != config.num_layers)
    throw Error("decoder: expected a prefix of this model's layers");
}

void Decoder::embed(const CausalBatch& batch) {
  auto stream = buffers_->stream.topRows(batch.num_tokens());
  for (Eigen::Index token = 0; token < stream.rows(); ++token)
    stream.row(token) = weights_->words().map().row(batch.ids[static_cast<std::size_t>(token)]);
  for (const InputVector& vector : batch.vectors) {
    const Eigen::Map<const Eigen::RowVectorXf> values(vector.values, stream.cols());
    if (vector.use == VectorUse::kReplace) stream.row(vector.token).setZero();
    stream.row(vector.token) += values;
  }
  for (Eigen::Index token = 0; token < stream.rows(); ++token)
    stream.row(token) +=
        weights_->positions().map().row(batch.positions[static_cast<std::size_t>(token)]);
}

// What attention reads of all tokens: `normed`, `key` and `value`.
void Decoder::project_keys(int index, Eigen::Index num_tokens) {
  const DecoderLayerWeights& layer = weights_->layers()[static_cast<std::size_t>(index)];
  auto normed = buffers_->normed.topRows(num_tokens);
  normed = buffers_->stream.topRows(num_tokens);
  layer_norm(layer.attention_norm, weights_->config().layer_norm_eps, normed);
  project(layer.key, normed, buffers_->key.topRows(num_tokens));
  project(layer.value, normed, buffers_->value.topRows(num_tokens));
}

void Decoder::attend_piece(const CausalBatch& batch, const TokenPiece& piece,
                           const KeyValues::Layer* prefix, Eigen::Index first_query,
                           Eigen::Index num_queries) {
  Buffers& buffers = *buffers_;
  const std::span<float> scores(buffers.scores.data(),
                                static_cast<std::size_t>(buffers.scores.size()));
  const int num_heads = weights_->config().num_heads;
  auto queries = buffers.query.middleRows(first_query, num_queries);
  const auto own_keys = buffers.key.middleRows(piece.begin, piece.size());
  const auto own_values = buffers.value.middleRows(piece.begin, piece.size());
  if (prefix == nullptr && !piece.has_parent()) {
    return attend_causal({.query = queries, .key = own_keys, .value = own_values}, num_heads,
                         scores, queries);
  }
  Eigen::Index count = 0;
  const auto add = [&](const ConstRows& keys, const ConstRows& values) {
    buffers.seen_keys.middleRows(count, keys.rows()) = keys;
    buffers.seen_values.middleRows(count, keys.rows()) = values;
    count += keys.rows();
  };
  if (prefix != nullptr) add(prefix->keys, prefix->values);
  if (piece.has_parent()) {
    const TokenPiece& parent = batch.pieces[piece.parent];
    add(buffers.key.middleRows(parent.begin, parent.size()),
        buffers.value.middleRows(parent.begin, parent.size()));
  }
  add(own_keys, own_values);
  attend_causal({.query = queries,
                 .key = buffers.seen_keys.topRows(count),
                 .value = buffers.seen_values.topRows(count)},
                num_heads, scores, queries);
}

void Decoder::attend_all(const CausalBatch& batch, const KeyValues::Layer* prefix,
                         bool asked_alone) {
  Eigen::Index first = 0;
  for (const TokenPiece& piece : batch.pieces) {
    const Eigen::Index count = asked_alone ? piece.num_asked : piece.size();
    if (count > 0) attend_piece(batch, piece, prefix, first, count);
    first += count;
  }
}

void Decoder::apply_layer(int index, const CausalBatch& batch, const KeyValues& prefix,
                          bool asked_alone) {
  const DecoderLayerWeights& layer = weights_->layers()[static_cast<std::size_t>(index)];
  Buffers& buffers = *buffers_;
  project_keys(index, batch.num_tokens());
  Eigen::Index count = batch.num_tokens();
  if (asked_alone) {
    count = 0;
    for (const TokenPiece& piece : batch.pieces) {
      for (Eigen::Index token = piece.end - piece.num_asked; token < piece.end; ++token, ++count) {
        if (token == count) continue;
        buffers.stream.row(count) = buffers.stream.row(token);
        buffers.normed.row(count) = buffers.normed.row(token);
      }
    }
  }
  project(layer.query, buffers.normed.topRows(count), buffers.query.topRows(count));
  const bool has_prefix = !prefix.layers.empty();
  attend_all(batch, has_prefix ? &prefix.layers[static_cast<std::size_t>(index)] : nullptr,
             asked_alone);
  add_projection(layer.attention_output, buffers.query.topRows(count),
                 buffers.stream.topRows(count));
  feed_forward(layer, count);
}

void Decoder::feed_forward(const DecoderLayerWeights& layer, Eigen::Index num_tokens) {
  Buffers& buffers = *buffers_;
  auto normed = buffers.normed.topRows(num_tokens);
  normed = buffers.stream.topRows(num_tokens);
  layer_norm(layer.feed_forward_norm, weights_->config().layer_norm_eps, normed);
  for (Eigen::Index begin = 0; begin < num_tokens; begin += kFeedForwardTokens) {
    const Eigen::Index count = std::min(kFeedForwardTokens, num_tokens - begin);
    auto intermediate = buffers.intermediate.topRows(count);
    multiply_by(layer.up, normed.middleRows(begin, count), intermediate, 0);
    add_bias_and_activate(weights_->config().activation, layer.up.bias, intermediate);
    add_projection(layer.down, intermediate, buffers.stream.middleRows(begin, count));
  }
}

Eigen::Map<const RowMatrixXf> Decoder::decode(const CausalBatch& batch, const KeyValues& prefix) {
  check(batch, prefix);
  const ModelConfig& config = weights_->config();
  buffers_->reserve(config, batch, prefix.num_tokens());
  embed(batch);
  for (int layer = 0; layer < config.num_layers; ++layer)
    apply_layer(layer, batch, prefix, layer + 1 == config.num_layers);
  auto asked = buffers_->stream.topRows(batch.num_asked());
  layer_norm(weights_->final_norm(), config.layer_norm_eps, asked);
  return {buffers_->stream.data(), batch.num_asked(), buffers_->stream.cols()};
}

KeyValues Decoder::remember(const CausalBatch& batch) {
  check(batch, {});
  if (batch.pieces.size() != 1) throw Error("decoder: expected one piece to remember");
  const int num_layers = weights_->config().num_layers;
  buffers_->reserve(weights_->config(), batch, 0);
  embed(batch);
  KeyValues kept;
  kept.layers.reserve(static_cast<std::size_t>(num_layers));
  for (int layer = 0; layer < num_layers; ++layer) {
    if (layer + 1 < num_layers) {
      apply_layer(layer, batch, {}, false);
    } else {
      project_keys(layer, batch.num_tokens());
    }
    kept.layers.push_back({.keys = buffers_->key.topRows(batch.num_tokens()),
                           .values = buffers_->value.topRows(batch.num_tokens())});
  }
  return kept;
}

std::vector<RowMatrixXf> Decoder::decode_all(const CausalBatch& batch) {
  check(batch, {});
  const ModelConfig& config = weights_->config();
  buffers_->reserve(config, batch, 0);
  embed(batch);
  std::vector<RowMatrixXf> states = {buffers_->stream.topRows(batch.num_tokens())};
  for (int layer = 0; layer < config.num_layers; ++layer) {
    apply_layer(layer, batch, {}, false);
    states.emplace_back(buffers_->stream.topRows(batch.num_tokens()));
  }
  states.push_back(states.back());
  layer_norm(weights_->final_norm(), config.layer_norm_eps, states.back());
  return states;
}

std::int64_t Decoder::scratch_bytes(const ModelConfig& config, std::int64_t num_tokens) {
  const std::int64_t longest = config.max_tokens();
  const std::int64_t tokens = std::max(num_tokens, longest);
  const std::int64_t inner =
      std::min<std::int64_t>(tokens, kFeedForwardTokens) * config.intermediate_size;
  const std::int64_t prefix = 2 * std::int64_t{config.num_layers} * longest * config.hidden_size;
  return static_cast<std::int64_t>(sizeof(float)) *
         ((5 * tokens + 2 * longest) * config.hidden_size + inner + scores_size(longest, longest) +
          prefix);
}

}  // namespace bbprompt
