#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/random_stream.hpp"
#include "tests/safetensors_parts.hpp"

namespace bbprompt::testing {

struct SmallGpt2Shape {
  int hidden = 12;
  int inner = 20;
  int positions = 48;
  int layers = 3;
  int heads = 3;
  int num_more_words = 0;  // of no use but to make the vocabulary larger
  double scale = 0.4;      // standard deviation of the weights
};

// A GPT-2 folder with random weights and a little vocabulary: the 256 bytes, the words " good" and
// " bad" with their parts, and "<|endoftext|>" last. Every other word is of several tokens.
class SmallGpt2 {
 public:
  static constexpr int kHidden = SmallGpt2Shape{}.hidden;
  static constexpr int kInner = SmallGpt2Shape{}.inner;
  static constexpr int kPositions = SmallGpt2Shape{}.positions;

  explicit SmallGpt2(bool is_tied = true, const SmallGpt2Shape& shape = {})
      : shape_(shape), is_tied_(is_tied) {
    add_vocabulary();
    weights.header["__metadata__"] = {{"format", "pt"}};
    add("wte.weight", {vocab_size(), shape_.hidden});
    add("wpe.weight", {shape_.positions, shape_.hidden});
    for (int l = 0; l < shape_.layers; ++l) add_layer("h." + std::to_string(l) + ".");
    add_norm("ln_f");
    if (!is_tied) add_tensor("lm_head.weight", {vocab_size(), shape_.hidden}, 0.5, 0);
  }

  [[nodiscard]] int vocab_size() const { return static_cast<int>(vocabulary_.size()); }

  void write(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    write_text(folder / "config.json", config().dump());
    write_text(folder / "model.safetensors", weights.bytes());
    nlohmann::json vocabulary;
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) vocabulary[vocabulary_[i]] = i;
    write_text(folder / "vocab.json", vocabulary.dump());
    write_text(folder / "merges.txt", merges_);
    write_text(folder / "tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  }

  SafetensorsParts weights;

 private:
  [[nodiscard]] nlohmann::json config() const {
    return {{"model_type", "gpt2"},
            {"vocab_size", vocab_size()},
            {"n_embd", shape_.hidden},
            {"n_layer", shape_.layers},
            {"n_head", shape_.heads},
            {"n_inner", shape_.inner},
            {"n_positions", shape_.positions},
            {"activation_function", "gelu_new"},
            {"layer_norm_epsilon", 1e-5},
            {"tie_word_embeddings", is_tied_}};
  }

  // Bytes that are no printable characters stand as U+0100 and the following.
  static std::string symbol(unsigned byte, unsigned& next) {
    const bool is_printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const unsigned code = is_printable ? byte : next++;
    if (code < 0x80) return {static_cast<char>(code)};
    return {static_cast<char>(0xC0U | code >> 6U), static_cast<char>(0x80U | (code & 0x3FU))};
  }

  void add_vocabulary() {
    unsigned next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) vocabulary_.push_back(symbol(byte, next));
    const std::string space = "\xc4\xa0";
    const std::vector<std::pair<std::string, std::string>> rules = {
        {space, "g"}, {"o", "o"}, {space + "g", "oo"}, {space + "goo", "d"},
        {space, "b"}, {"a", "d"}, {space + "b", "ad"}};
    merges_ = "#version: 0.2\n";
    for (const auto& [left, right] : rules) {
      merges_.append(left).append(" ").append(right).append("\n");
      vocabulary_.push_back(left + right);
    }
    for (int i = 0; i < shape_.num_more_words; ++i)
      vocabulary_.push_back("word" + std::to_string(i));
    vocabulary_.emplace_back("<|endoftext|>");
  }

  void add_tensor(const std::string& name, const std::vector<int>& shape, double scale,
                  double mean) {
    std::int64_t count = 1;
    for (const int extent : shape) count *= extent;
    std::string bytes;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<float>(mean + scale * random_.normal());
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    weights.add(name, "F32", shape, bytes);
  }
  void add(const std::string& name, const std::vector<int>& shape) {
    add_tensor("transformer." + name, shape, shape_.scale, 0);
  }
  void add_linear(const std::string& path, int num_inputs, int num_outputs) {
    add(path + ".weight", {num_inputs, num_outputs});
    add(path + ".bias", {num_outputs});
  }
  void add_norm(const std::string& path) {
    add_tensor("transformer." + path + ".weight", {shape_.hidden}, 0.2, 1);
    add(path + ".bias", {shape_.hidden});
  }
  void add_layer(const std::string& path) {
    add_norm(path + "ln_1");
    add_linear(path + "attn.c_attn", shape_.hidden, 3 * shape_.hidden);
    add_linear(path + "attn.c_proj", shape_.hidden, shape_.hidden);
    add_norm(path + "ln_2");
    add_linear(path + "mlp.c_fc", shape_.hidden, shape_.inner);
    add_linear(path + "mlp.c_proj", shape_.inner, shape_.hidden);
  }

  SmallGpt2Shape shape_;
  bool is_tied_;
  std::vector<std::string> vocabulary_;
  std::string merges_;
  RandomStream random_{{.seed = 7, .purpose = "small_gpt2"}};
};

}  // namespace bbprompt::testing
