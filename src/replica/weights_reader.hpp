#pragma once

#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/tensor_finder.hpp"
#include "replica/tensor_names.hpp"

namespace bbprompt {

struct FoundWeights {
  EmbeddingWeights embeddings;
  std::vector<LayerWeights> layers;
  HeadWeights head;
};

// Finds the tensors of a masked language model by their names and shapes.
class WeightsReader {
 public:
  WeightsReader(TensorFinder& finder, const ModelConfig& config)
      : finder_(finder), config_(config), names_(config.architecture) {}

  // Throws ModelError as Weights::load() says.
  FoundWeights read(const WeightFiles& files) {
    FoundWeights found;
    found.embeddings = embeddings();
    for (int number = 0; number < config_.num_layers; ++number)
      found.layers.push_back(layer(number));
    refuse_more_layers(files);
    found.head = head(found.embeddings.words);
    return found;
  }

  [[nodiscard]] std::vector<std::string> word_embedding_names() const {
    std::vector<std::string> names = names_.encoder("embeddings.word_embeddings.weight");
    // Safetensors stores the memory that a tied model shares under one name, and may have kept the
    // decoder's.
    const bool is_kept_by_decoder = config_.has_tied_embeddings && !finder_.is_present(names) &&
                                    finder_.is_present(names_.decoder_weight());
    return is_kept_by_decoder ? names_.decoder_weight() : names;
  }

 private:
  EmbeddingWeights embeddings() {
    const std::string path = "embeddings.";
    const int hidden = config_.hidden_size;
    return {.words = finder_.matrix(word_embedding_names(), config_.vocab_size, hidden),
            .positions = finder_.matrix(names_.encoder(path + "position_embeddings.weight"),
                                        config_.num_positions, hidden),
            .types = finder_.matrix(names_.encoder(path + "token_type_embeddings.weight"),
                                    config_.num_types, hidden),
            .norm = encoder_norm(path + "LayerNorm")};
  }

  LayerWeights layer(int number) {
    const std::string path = layer_path(number);
    const int hidden = config_.hidden_size;
    const int inner = config_.intermediate_size;
    return {.query = encoder_linear(path + "attention.self.query", hidden, hidden),
            .key = encoder_linear(path + "attention.self.key", hidden, hidden),
            .value = encoder_linear(path + "attention.self.value", hidden, hidden),
            .attention_output = encoder_linear(path + "attention.output.dense", hidden, hidden),
            .attention_norm = encoder_norm(path + "attention.output.LayerNorm"),
            .intermediate = encoder_linear(path + "intermediate.dense", inner, hidden),
            .output = encoder_linear(path + "output.dense", hidden, inner),
            .output_norm = encoder_norm(path + "output.LayerNorm")};
  }

  HeadWeights head(const MatrixView& words) {
    const int hidden = config_.hidden_size;
    HeadWeights head;
    head.transform = {.weight = finder_.matrix(names_.head_transform("weight"), hidden, hidden),
                      .bias = finder_.vector(names_.head_transform("bias"), hidden)};
    head.norm = {.scale = finder_.vector(names_.head_norm("weight", "gamma"), hidden),
                 .shift = finder_.vector(names_.head_norm("bias", "beta"), hidden)};
    head.decoder.weight = config_.has_tied_embeddings
                              ? words
                              : finder_.matrix(names_.decoder_weight(), config_.vocab_size, hidden);
    for (const auto& names : names_.decoder_biases()) {
      if (head.decoder.bias.data == nullptr && finder_.is_present(names))
        head.decoder.bias = finder_.vector(names, config_.vocab_size);
    }
    if (head.decoder.bias.data == nullptr)
      head.decoder.bias = finder_.vector(names_.decoder_biases().front(), config_.vocab_size);
    return head;
  }

  // A file with more layers than the configuration belongs to another model.
  void refuse_more_layers(const WeightFiles& files) const {
    const auto names =
        names_.encoder(layer_path(config_.num_layers) + "attention.self.query.weight");
    if (!finder_.is_present(names)) return;
    throw ModelError(files.path().string(), "expected " + std::to_string(config_.num_layers) +
                                                " layers by " + config_.file.string() +
                                                ", found tensor " + names.front());
  }

  static std::string layer_path(int number) {
    return "encoder.layer." + std::to_string(number) + ".";
  }
  LinearWeights encoder_linear(const std::string& path, int num_outputs, int num_inputs) {
    return {.weight = finder_.matrix(names_.encoder(path + ".weight"), num_outputs, num_inputs),
            .bias = finder_.vector(names_.encoder(path + ".bias"), num_outputs)};
  }
  LayerNormWeights encoder_norm(const std::string& path) {
    const int hidden = config_.hidden_size;
    return {.scale = finder_.vector(names_.encoder_norm(path, "weight", "gamma"), hidden),
            .shift = finder_.vector(names_.encoder_norm(path, "bias", "beta"), hidden)};
  }

  TensorFinder& finder_;
  const ModelConfig& config_;
  TensorNames names_;
};

}  // namespace bbprompt
