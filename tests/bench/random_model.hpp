#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bbprompt::testing {

// Shape of a RoBERTa to be written with random weights; the defaults are RoBERTa-base.
struct RandomModelShape {
  int vocab_size = 50265;
  int hidden_size = 768;
  int num_layers = 12;
  int num_heads = 12;
  int intermediate_size = 3072;
  int num_positions = 514;
};

// Writes config.json and model.safetensors (F32) of a RoBERTa whose weights are uniform with
// standard deviation 0.02; no tokenizer.
class RandomModelWriter {
 public:
  explicit RandomModelWriter(const RandomModelShape& shape) : shape_(shape) {
    const int hidden = shape.hidden_size;
    const std::string embeddings = "roberta.embeddings.";
    add(embeddings + "word_embeddings.weight", {shape.vocab_size, hidden});
    add(embeddings + "position_embeddings.weight", {shape.num_positions, hidden});
    add(embeddings + "token_type_embeddings.weight", {1, hidden});
    add_norm(embeddings + "LayerNorm");
    for (int i = 0; i < shape.num_layers; ++i) {
      const std::string layer = "roberta.encoder.layer." + std::to_string(i) + ".";
      for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value",
                               "attention.output.dense"})
        add_linear(layer + name, hidden, hidden);
      add_norm(layer + "attention.output.LayerNorm");
      add_linear(layer + "intermediate.dense", shape.intermediate_size, hidden);
      add_linear(layer + "output.dense", hidden, shape.intermediate_size);
      add_norm(layer + "output.LayerNorm");
    }
    add_linear("lm_head.dense", hidden, hidden);
    add_norm("lm_head.layer_norm");
    add("lm_head.bias", {shape.vocab_size});
  }

  void write(const std::filesystem::path& folder) const {
    const nlohmann::json config = {{"model_type", "roberta"},
                                   {"vocab_size", shape_.vocab_size},
                                   {"hidden_size", shape_.hidden_size},
                                   {"num_hidden_layers", shape_.num_layers},
                                   {"num_attention_heads", shape_.num_heads},
                                   {"intermediate_size", shape_.intermediate_size},
                                   {"max_position_embeddings", shape_.num_positions},
                                   {"type_vocab_size", 1},
                                   {"layer_norm_eps", 1e-5},
                                   {"pad_token_id", 1}};
    std::ofstream(folder / "config.json") << config.dump(1);
    std::string header = header_.dump();
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = header.size();
    std::ofstream out(folder / "model.safetensors", std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << header;
    std::uint32_t state = 12345;
    std::vector<float> block(1 << 16);
    for (std::int64_t left = size_ / 4; left > 0; left -= static_cast<std::int64_t>(block.size())) {
      for (float& value : block) {
        state = state * 1664525U + 1013904223U;
        value = (static_cast<float>(state >> 8) / 16777216.0F - 0.5F) * 0.0693F;
      }
      const auto count = std::min<std::int64_t>(left, static_cast<std::int64_t>(block.size()));
      out.write(reinterpret_cast<const char*>(block.data()), count * 4);
    }
  }

 private:
  void add(const std::string& name, const std::vector<std::int64_t>& extents) {
    std::int64_t bytes = 4;
    for (const std::int64_t extent : extents) bytes *= extent;
    header_[name] = {
        {"dtype", "F32"}, {"shape", extents}, {"data_offsets", {size_, size_ + bytes}}};
    size_ += bytes;
  }
  void add_linear(const std::string& path, int num_outputs, int num_inputs) {
    add(path + ".weight", {num_outputs, num_inputs});
    add(path + ".bias", {num_outputs});
  }
  void add_norm(const std::string& path) {
    add(path + ".weight", {shape_.hidden_size});
    add(path + ".bias", {shape_.hidden_size});
  }

  RandomModelShape shape_;
  nlohmann::json header_;
  std::int64_t size_ = 0;
};

}  // namespace bbprompt::testing
