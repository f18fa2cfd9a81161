#include "bbprompt/replica/causal_view.hpp"

#include <algorithm>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/replica/causal_head.hpp"
#include "bbprompt/replica/causal_weights.hpp"
#include "bbprompt/replica/decoder.hpp"
#include "replica/mapped_embeddings.hpp"
#include "replica/model_name.hpp"
#include "replica/weights_source.hpp"

namespace bbprompt {

CausalView::CausalView(const ReplicaOptions& options)
    : options_(options),
      source_(std::make_shared<const WeightsSource>(options.folder, options.weights_file)) {
  const ModelConfig& config = source_->config();
  if (!config.is_causal()) {
    throw ModelError(config.file.string(),
                     "model_type: expected a causal language model (gpt2), found a masked one");
  }
  tokenizer_ = load_tokenizer(
      options.folder, {.model_vocabulary_size = static_cast<std::size_t>(config.vocab_size)});
  info_ = {.name = name_of(options.folder),
           .fingerprint = sha256_hex(source_->fingerprint() + tokenizer_->fingerprint()),
           .max_tokens = config.max_tokens(),
           .hidden_size = config.hidden_size,
           .num_layers = 0,
           .family = ModelFamily::kCausal};
  embeddings_ = std::make_unique<MappedEmbeddings>(source_);
  layout_ = std::make_unique<InputLayout>(tokenizer_, config.input_rules());
}

CausalView::~CausalView() = default;

std::int64_t CausalView::count_tokens(const Query& query) const {
  return static_cast<std::int64_t>(layout_->lay_out(query).ids.size());
}

std::int64_t CausalView::count_tokens_with(const Query& query,
                                           std::span<const Answer> answers) const {
  return layout_->count_with(query, answers);
}

AnswerToken CausalView::answer_token(std::string_view word) const {
  const std::string text = word.starts_with(' ') ? std::string(word) : " " + std::string(word);
  const std::vector<TokenId> ids = tokenizer_->encode(text).ids;
  const auto& unknown = tokenizer_->special_tokens().unknown;
  if (word.empty() || ids.empty() ||
      (unknown && std::find(ids.begin(), ids.end(), *unknown) != ids.end())) {
    throw ModelError(options_.folder.string(),
                     "expected an answer word that the vocabulary can spell, found \"" +
                         printable(word) + "\"; choose another word");
  }
  return {.id = ids.front(),
          .token = tokenizer_->token(ids.front()),
          .num_tokens = static_cast<int>(ids.size()),
          .rest = {ids.begin() + 1, ids.end()}};
}

ModelMemory CausalView::memory() const {
  const auto number = static_cast<std::int64_t>(sizeof(float));
  const std::int64_t head = number * CausalHead::kRowsAtOnce * config().vocab_size;
  return {.weights = number * config().num_parameters(),
          .scratch = Decoder::scratch_bytes(config(), options_.max_batch_tokens) + head};
}

const WordEmbeddings* CausalView::embeddings() const { return embeddings_.get(); }

const ModelConfig& CausalView::config() const { return source_->config(); }

std::shared_ptr<const CausalWeights> CausalView::weights() const {
  auto weights = weights_.lock();
  if (weights == nullptr) {
    weights = CausalWeights::load(source_);
    weights_ = weights;
  }
  return weights;
}

}  // namespace bbprompt
