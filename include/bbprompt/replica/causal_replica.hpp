#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/lm/next_tokens.hpp"
#include "bbprompt/replica/causal_head.hpp"
#include "bbprompt/replica/causal_view.hpp"
#include "bbprompt/replica/causal_weights.hpp"
#include "bbprompt/replica/decoder.hpp"

namespace bbprompt {

struct LaidOutQuery;

// A causal language model in this process: shared read-only weights plus scratch buffers. Numbers
// are float32. The score of an answer is its log-probability after the query, over the whole
// vocabulary: the sum over the word's tokens, each given those before it.
//
// The tokens of a query are its segments' alone (InputLayout); the answer slot must be the last.
// Usage counts the tokens of each query in full, and those of its words of several tokens but for
// each word's last, whatever was computed once.
//
// Keys and values of the beginning that all queries of a call share are computed once
// (shared_prefix). They depend on the call's queries alone, and no call remembers anything of
// another: equal arguments give equal bits.
class CausalReplica final : public LanguageModel, public NextTokens {
 public:
  // Loads the view's weights, unless another replica of the view has them. Throws ModelError for
  // options that cannot work.
  CausalReplica(std::shared_ptr<const CausalView> view, const ReplicaOptions& options);

  [[nodiscard]] const ModelView& view() const override { return *view_; }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override;

  [[nodiscard]] NextTokens* next_tokens() override { return this; }
  // Usage counts the tokens of the inputs.
  [[nodiscard]] NextTokensAnswer next_tokens(std::span<const std::vector<TokenId>> inputs,
                                             const NextTokensAsked& asked) override;

 private:
  struct Work;
  struct NextWork;

  void check(std::span<const Answer> answers) const;
  [[nodiscard]] std::size_t num_shared(std::span<const LaidOutQuery> inputs) const;
  [[nodiscard]] KeyValues remember(const LaidOutQuery& query, std::size_t num_tokens);
  void add_query(const LaidOutQuery& query, std::size_t num_shared, Work& work) const;
  void compute(const Work& work, const KeyValues& prefix, Eigen::Ref<Eigen::MatrixXd> scores);
  [[nodiscard]] std::vector<LaidOutQuery> lay_out(std::span<const std::vector<TokenId>> inputs,
                                                  Usage& usage) const;
  void compute(const NextWork& work, const KeyValues& prefix, std::span<NextTokensOf> results);

  std::shared_ptr<const CausalView> view_;
  ReplicaOptions options_;
  std::shared_ptr<const CausalWeights> weights_;
  Decoder decoder_;
  CausalHead head_;
};

// Reads weights and tokenizer of `options.folder`. Throws ModelError naming the file at fault.
[[nodiscard]] std::unique_ptr<CausalReplica> load_causal_replica(const ReplicaOptions& options);

}  // namespace bbprompt
