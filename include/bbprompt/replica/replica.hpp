#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/replica/encoder.hpp"
#include "bbprompt/replica/masked_lm_head.hpp"
#include "bbprompt/replica/weights.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

struct ReplicaOptions {
  std::filesystem::path folder;                                      // Hugging Face model folder
  std::optional<std::filesystem::path> weights_file = std::nullopt;  // see Weights::load
  int threads = 1;                       // of one matrix product, process-wide
  std::int64_t max_batch_tokens = 1024;  // computed at once; bounds scratch memory
};

class InputLayout;

// A masked language model in this process: shared read-only weights plus scratch buffers. Numbers
// are float32. Queries become inputs as follows: begin token, segments, separator token;
// neighbouring text segments are tokenized as one; where the mask token swallows the white space
// before it (RoBERTa), text before the answer slot loses it; BERT's token type is 1 behind the
// first Separator. A prompt vector is added to its base token's embedding, or replaces it;
// those of a deep prompt's further layers are added to the same token's hidden state.
//
// Inputs that are too long are cut within the example's fields alone (tokens that lie wholly in a
// field, its last ones first): each field to its own max_tokens; then, while the input is longer
// than the model takes, the field with the most tokens left loses one, the later of equals. Only
// the second step counts as truncated. A query that is still too long throws ModelError.
//
// The fingerprint is SHA-256 over those of weights (every byte) and tokenizer.
//
// Queries are computed in the order given, as many together as fit into max_batch_tokens (one at
// least), without padding: equal arguments give equal bits.
class Replica final : public LanguageModel {
 public:
  // Throws ModelError when vocabulary and weights do not fit together.
  Replica(std::shared_ptr<const Weights> weights, std::shared_ptr<const Tokenizer> tokenizer,
          const ReplicaOptions& options);
  ~Replica() override;

  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const TokenId> answers) override;
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override;
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override;

  [[nodiscard]] const Tokenizer& tokenizer() const { return *tokenizer_; }
  // Vocabulary x hidden size, and the standard deviation of all its entries (over n).
  [[nodiscard]] Eigen::Map<const RowMatrixXf> word_embeddings() const;
  [[nodiscard]] double word_embedding_deviation() const;

  // Standard deviation of the hidden states of all tokens of the queries before layers 1, 2, ...
  // (from 0), after 5 rounds of clipping to mean +/- 3 deviations: the scale of a deep prompt's
  // vectors there. Costs about what scoring the queries once does; keeps one layer's states of all
  // queries in memory. Throws ModelError as score() does.
  [[nodiscard]] std::vector<double> layer_deviations(std::span<const Query> queries);

 private:
  // Queries laid out, as many together as fit; vectors borrow from the queries.
  [[nodiscard]] std::vector<TokenBatch> batches(std::span<const Query> queries, Usage& usage);
  void compute(const TokenBatch& batch, std::span<const TokenId> answers,
               Eigen::Ref<Eigen::MatrixXd> scores);

  std::shared_ptr<const Weights> weights_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  ReplicaOptions options_;
  LanguageModelInfo info_;
  std::unique_ptr<InputLayout> layout_;
  Encoder encoder_;
  MaskedLmHead head_;
};

// Reads weights and tokenizer of `options.folder`. Throws ModelError naming the file at fault.
[[nodiscard]] std::unique_ptr<Replica> load_replica(const ReplicaOptions& options);

}  // namespace bbprompt
