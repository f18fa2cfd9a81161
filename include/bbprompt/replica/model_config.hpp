#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/input_layout.hpp"

namespace bbprompt {

enum class Architecture { kBert, kRoberta, kGpt2 };

// Functions of the feed-forward layer, by their name in `hidden_act`.
enum class Activation {
  kGelu,      // "gelu": x Phi(x), by the error function
  kGeluTanh,  // "gelu_new", "gelu_pytorch_tanh": tanh approximation (Hendrycks & Gimpel, 2016)
  kRelu,      // "relu"
  kSilu,      // "silu", "swish": x / (1 + exp(-x))
};

// What `config.json` says of a language model. Types and head_activation are of masked models
// alone.
struct ModelConfig {
  std::filesystem::path file;  // for messages
  Architecture architecture = Architecture::kRoberta;
  int vocab_size = 0;
  int hidden_size = 0;
  int num_layers = 0;
  int num_heads = 0;
  int intermediate_size = 0;
  int num_positions = 0;  // rows of the position embedding
  int num_types = 0;      // rows of the token type embedding
  TokenId pad_token_id = 0;
  float layer_norm_eps = 0;
  Activation activation = Activation::kGelu;       // of the encoder's layers
  Activation head_activation = Activation::kGelu;  // of the head; RoBERTa's is GELU always
  bool has_tied_embeddings = true;                 // the decoder is the word embedding

  // Whether a token sees the earlier ones only, and the answer is what comes next.
  [[nodiscard]] bool is_causal() const { return architecture == Architecture::kGpt2; }

  [[nodiscard]] int head_size() const { return hidden_size / num_heads; }

  // Row of the position embedding of a sequence's first token: 0, but RoBERTa counts on from its
  // padding id.
  [[nodiscard]] int first_position() const {
    return architecture == Architecture::kRoberta ? pad_token_id + 1 : 0;
  }
  // Numbers of the weights.
  [[nodiscard]] std::int64_t num_parameters() const;

  // Longest input, special tokens included.
  [[nodiscard]] int max_tokens() const { return num_positions - first_position(); }

  // Of the inputs that are laid out for it.
  [[nodiscard]] InputRules input_rules() const;
};

// Reads `config.json` of a Hugging Face folder. Keys that Hugging Face writes only when they differ
// from its defaults take those defaults. Throws ModelError naming the file for anything but a BERT,
// RoBERTa or GPT-2 that this project computes exactly.
[[nodiscard]] ModelConfig load_model_config(const std::filesystem::path& model_folder);

}  // namespace bbprompt
