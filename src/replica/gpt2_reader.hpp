#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/causal_weights.hpp"
#include "replica/tensor_finder.hpp"

namespace bbprompt {

struct FoundCausalWeights {
  MatrixView words, positions;
  std::vector<DecoderLayerWeights> layers;
  LayerNormWeights final_norm;
  MatrixView head;
};

// Finds GPT-2's tensors by their names (with or without "transformer.", as base models were saved)
// and shapes. The mask buffers of old files ("h.0.attn.bias") are left alone.
class Gpt2Reader {
 public:
  Gpt2Reader(TensorFinder& finder, const ModelConfig& config) : finder_(finder), config_(config) {}

  // Throws ModelError as CausalWeights::load() says.
  FoundCausalWeights read(const WeightFiles& files) {
    FoundCausalWeights found;
    const int hidden = config_.hidden_size;
    found.words = finder_.matrix(word_embedding_names(), config_.vocab_size, hidden);
    found.positions = finder_.matrix(names("wpe.weight"), config_.num_positions, hidden);
    for (int number = 0; number < config_.num_layers; ++number)
      found.layers.push_back(layer(number));
    refuse_more_layers(files);
    found.final_norm = norm("ln_f");
    found.head = head(found.words);
    return found;
  }

  // Safetensors stores the memory that a tied model shares under one name, and may have kept the
  // head's.
  [[nodiscard]] std::vector<std::string> word_embedding_names() const {
    std::vector<std::string> own = names("wte.weight");
    const bool is_kept_by_head =
        config_.has_tied_embeddings && !finder_.is_present(own) && finder_.is_present(head_names());
    return is_kept_by_head ? head_names() : own;
  }

 private:
  static std::vector<std::string> names(const std::string& name) {
    return {"transformer." + name, name};
  }
  static std::vector<std::string> head_names() { return {"lm_head.weight"}; }

  DecoderLayerWeights layer(int number) {
    const std::string path = "h." + std::to_string(number) + ".";
    const int hidden = config_.hidden_size;
    const Projection all = conv1d(path + "attn.c_attn", hidden, 3 * hidden);
    return {.attention_norm = norm(path + "ln_1"),
            .query = columns(all, 0),
            .key = columns(all, hidden),
            .value = columns(all, 2 * hidden),
            .attention_output = conv1d(path + "attn.c_proj", hidden, hidden),
            .feed_forward_norm = norm(path + "ln_2"),
            .up = conv1d(path + "mlp.c_fc", hidden, config_.intermediate_size),
            .down = conv1d(path + "mlp.c_proj", config_.intermediate_size, hidden)};
  }

  Projection conv1d(const std::string& path, Eigen::Index inputs, Eigen::Index outputs) {
    const MatrixView weight = finder_.matrix(names(path + ".weight"), inputs, outputs);
    return {.data = weight.data,
            .inputs = inputs,
            .outputs = outputs,
            .stride = outputs,
            .order = WeightOrder::kInputsFirst,
            .bias = finder_.vector(names(path + ".bias"), outputs)};
  }

  // A third of queries, keys and values side by side.
  [[nodiscard]] Projection columns(const Projection& all, Eigen::Index first) const {
    Projection part = all;
    part.outputs = config_.hidden_size;
    part.data += first;
    part.bias = {.data = all.bias.data + first, .size = part.outputs};
    return part;
  }

  LayerNormWeights norm(const std::string& path) {
    return {.scale = finder_.vector(names(path + ".weight"), config_.hidden_size),
            .shift = finder_.vector(names(path + ".bias"), config_.hidden_size)};
  }

  // Programs differ in which of two unequal matrices a tied model uses.
  MatrixView head(const MatrixView& words) {
    const bool is_tied = config_.has_tied_embeddings;
    if (is_tied && !finder_.is_present(head_names())) return words;
    const MatrixView own = finder_.matrix(head_names(), config_.vocab_size, config_.hidden_size);
    if (!is_tied) return own;
    const StoredTensor& stored = finder_.stored(head_names());
    const StoredTensor& embedding = finder_.stored(word_embedding_names());
    if (stored.dtype != embedding.dtype ||
        !std::equal(stored.bytes.begin(), stored.bytes.end(), embedding.bytes.begin(),
                    embedding.bytes.end())) {
      throw ModelError(
          stored.file,
          "tensor lm_head.weight: expected none, or the same numbers as wte.weight, as "
          "tie_word_embeddings is true in " +
              config_.file.string() +
              "; found others. Set tie_word_embeddings to false to use them");
    }
    return words;
  }

  // A file with more layers than the configuration belongs to another model.
  void refuse_more_layers(const WeightFiles& files) const {
    const auto more = names("h." + std::to_string(config_.num_layers) + ".attn.c_attn.weight");
    if (!finder_.is_present(more)) return;
    throw ModelError(files.path().string(), "expected " + std::to_string(config_.num_layers) +
                                                " layers by " + config_.file.string() +
                                                ", found tensor " + more.front());
  }

  TensorFinder& finder_;
  const ModelConfig& config_;
};

}  // namespace bbprompt
