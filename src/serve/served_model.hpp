#pragma once

#include <span>
#include <string>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/serve/serve_options.hpp"

namespace bbprompt {

// What all threads may know of the model: its tokenizer is safe to share.
class ServedModel {
 public:
  // Throws ModelError for a model without a tokenizer.
  ServedModel(const ModelView& view, const ServeOptions& options);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  [[nodiscard]] ModelFamily family() const { return family_; }
  [[nodiscard]] bool is_causal() const { return family_ == ModelFamily::kCausal; }
  [[nodiscard]] int max_tokens() const { return max_tokens_; }
  [[nodiscard]] int vocabulary_size() const { return vocabulary_size_; }  // of the model
  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }

  // Text of ids in valid UTF-8: U+FFFD stands for bytes that are no whole character.
  [[nodiscard]] std::string text_of(std::span<const TokenId> ids) const;

 private:
  std::string name_;
  std::string fingerprint_;
  ModelFamily family_;
  int max_tokens_;
  const Tokenizer& tokenizer_;
  int vocabulary_size_;
};

}  // namespace bbprompt
