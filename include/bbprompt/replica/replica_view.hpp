#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// Whether a causal model computes the beginning that all queries of a call share once.
enum class PrefixReuse { kShared, kNone };

struct ReplicaOptions {
  std::filesystem::path folder;                                      // Hugging Face model folder
  std::optional<std::filesystem::path> weights_file = std::nullopt;  // see Weights::load
  int threads = 1;                                                   // of one matrix product
  std::int64_t max_batch_tokens = 1024;  // computed at once; bounds scratch memory
  PrefixReuse prefix = PrefixReuse::kShared;
};

class InputLayout;
class MappedEmbeddings;
class Weights;
class WeightsSource;

// What is known of the folder of a masked model without its weights in memory: configuration,
// tokenizer, how queries become inputs; the weights files are checked, hashed and mapped, no more.
//
// The fingerprint is SHA-256 over those of weights (every byte) and tokenizer.
class ReplicaView final : public ModelView {
 public:
  // Reads every file of the folder once. Throws ModelError naming the file at fault, also where
  // vocabulary and weights do not fit together. `threads` of the options does not matter here.
  explicit ReplicaView(const ReplicaOptions& options);
  ~ReplicaView() override;

  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override;
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override;
  // In float32, whatever the files hold.
  [[nodiscard]] ModelMemory memory() const override;
  [[nodiscard]] const Tokenizer* tokenizer() const override { return tokenizer_.get(); }
  [[nodiscard]] const WordEmbeddings* embeddings() const override;

  [[nodiscard]] const ModelConfig& config() const;

  // Loads the weights; all who have them at a time share them.
  [[nodiscard]] std::shared_ptr<const Weights> weights() const;

  // Remembers what it tokenized.
  [[nodiscard]] InputLayout& layout() const { return *layout_; }

 private:
  ReplicaOptions options_;
  std::shared_ptr<const WeightsSource> source_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  LanguageModelInfo info_;
  std::unique_ptr<MappedEmbeddings> embeddings_;
  std::unique_ptr<InputLayout> layout_;
  mutable std::weak_ptr<const Weights> weights_;
};

}  // namespace bbprompt
