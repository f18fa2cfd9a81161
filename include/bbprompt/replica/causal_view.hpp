#pragma once

#include <memory>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/replica_view.hpp"

namespace bbprompt {

class CausalWeights;

// What is known of the folder of a causal model (GPT-2) without its weights in memory; otherwise
// as ReplicaView. It takes soft prompts at the input, no deep ones.
class CausalView final : public ModelView {
 public:
  // Throws ModelError as ReplicaView does, and for a masked model.
  explicit CausalView(const ReplicaOptions& options);
  ~CausalView() override;

  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override;
  [[nodiscard]] std::int64_t count_tokens_with(const Query& query,
                                               std::span<const Answer> answers) const override;
  // With a leading space, whole.
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override;
  // In float32, whatever the files hold.
  [[nodiscard]] ModelMemory memory() const override;
  [[nodiscard]] const Tokenizer* tokenizer() const override { return tokenizer_.get(); }
  [[nodiscard]] const WordEmbeddings* embeddings() const override;

  [[nodiscard]] const ModelConfig& config() const;

  // Loads the weights; all who have them at a time share them.
  [[nodiscard]] std::shared_ptr<const CausalWeights> weights() const;

  // Remembers what it tokenized.
  [[nodiscard]] InputLayout& layout() const { return *layout_; }

 private:
  ReplicaOptions options_;
  std::shared_ptr<const WeightsSource> source_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  LanguageModelInfo info_;
  std::unique_ptr<MappedEmbeddings> embeddings_;
  std::unique_ptr<InputLayout> layout_;
  mutable std::weak_ptr<const CausalWeights> weights_;
};

}  // namespace bbprompt
