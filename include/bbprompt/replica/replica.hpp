#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/replica/encoder.hpp"
#include "bbprompt/replica/masked_lm_head.hpp"
#include "bbprompt/replica/replica_view.hpp"
#include "bbprompt/replica/weights.hpp"

namespace bbprompt {

// A masked language model in this process: shared read-only weights plus scratch buffers. Numbers
// are float32. Queries become inputs as follows: begin token, segments, separator token;
// neighbouring text segments are tokenized as one; where the mask token swallows the white space
// before it (RoBERTa), text before the answer slot loses it; BERT's token type is 1 behind the
// first Separator. A prompt vector is added to its base token's embedding, or replaces it;
// those of a deep prompt's further layers are added to the same token's hidden state. Inputs that
// are too long are cut by lm/fit_fields.hpp.
//
// Queries are computed in the order given, as many together as fit into max_batch_tokens (one at
// least), without padding: equal arguments give equal bits, whatever the number of threads.
class Replica final : public LanguageModel, public HiddenStates {
 public:
  // Loads the view's weights, unless another replica of the view has them. Throws ModelError for
  // options that cannot work.
  Replica(std::shared_ptr<const ReplicaView> view, const ReplicaOptions& options);

  [[nodiscard]] const ModelView& view() const override { return *view_; }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> words) override;
  [[nodiscard]] HiddenStates* hidden_states() override { return this; }
  [[nodiscard]] LayerDeviations layer_deviations(std::span<const Query> queries) override;

 private:
  [[nodiscard]] std::vector<TokenId> tokens_of(std::span<const Answer> answers) const;
  // Queries laid out, as many together as fit; vectors borrow from the queries.
  [[nodiscard]] std::vector<TokenBatch> batches(std::span<const Query> queries, Usage& usage);
  void compute(const TokenBatch& batch, std::span<const TokenId> answers,
               Eigen::Ref<Eigen::MatrixXd> scores);
  void use_threads() const;

  std::shared_ptr<const ReplicaView> view_;
  ReplicaOptions options_;
  std::shared_ptr<const Weights> weights_;
  Encoder encoder_;
  MaskedLmHead head_;
};

// Reads weights and tokenizer of `options.folder`. Throws ModelError naming the file at fault.
[[nodiscard]] std::unique_ptr<Replica> load_replica(const ReplicaOptions& options);

}  // namespace bbprompt
