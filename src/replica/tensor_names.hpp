#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/replica/model_config.hpp"

namespace bbprompt {

// The names a tensor goes by in files of different age; the current one first.
class TensorNames {
 public:
  explicit TensorNames(Architecture architecture) : architecture_(architecture) {}

  // `name` below the encoder ("embeddings.word_embeddings.weight"), with and without its prefix.
  [[nodiscard]] std::vector<std::string> encoder(std::string_view name) const;
  // LayerNorm `path` with the member's newer and older name ("weight", "gamma").
  [[nodiscard]] std::vector<std::string> encoder_norm(std::string_view path,
                                                      std::string_view member,
                                                      std::string_view older) const;
  [[nodiscard]] std::vector<std::string> head_transform(std::string_view member) const;
  [[nodiscard]] std::vector<std::string> head_norm(std::string_view member,
                                                   std::string_view older) const;
  [[nodiscard]] std::vector<std::string> decoder_weight() const;
  // The bias, in falling preference: files may hold the same one twice.
  [[nodiscard]] std::vector<std::vector<std::string>> decoder_biases() const;

 private:
  [[nodiscard]] bool is_roberta() const { return architecture_ == Architecture::kRoberta; }
  Architecture architecture_;
};

}  // namespace bbprompt
