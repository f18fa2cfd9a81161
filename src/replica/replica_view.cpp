#include "bbprompt/replica/replica_view.hpp"

#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/replica/encoder.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/mapped_embeddings.hpp"
#include "replica/model_name.hpp"
#include "replica/weights_source.hpp"

namespace bbprompt {
namespace {

// RoBERTa counts positions from behind the padding token's number: one that is wrong shifts them
// all.
void check_padding(const ReplicaOptions& options, const ModelConfig& config,
                   const Tokenizer& tokenizer) {
  const auto pad = tokenizer.special_tokens().pad;
  if (config.architecture != Architecture::kRoberta || !pad || *pad == config.pad_token_id) return;
  throw ModelError((options.folder / "config.json").string(),
                   "pad_token_id: expected " + std::to_string(*pad) + ", the tokenizer's \"" +
                       tokenizer.token(*pad) + "\", behind which positions are counted; found " +
                       std::to_string(config.pad_token_id));
}

}  // namespace

ReplicaView::ReplicaView(const ReplicaOptions& options)
    : options_(options),
      source_(std::make_shared<const WeightsSource>(options.folder, options.weights_file)) {
  const ModelConfig& config = source_->config();
  if (config.is_causal()) {
    throw ModelError(config.file.string(),
                     "model_type: expected a masked language model (bert, roberta), found a causal "
                     "one");
  }
  tokenizer_ = load_tokenizer(
      options.folder, {.model_vocabulary_size = static_cast<std::size_t>(config.vocab_size)});
  check_padding(options, config, *tokenizer_);
  info_ = {.name = name_of(options.folder),
           .fingerprint = sha256_hex(source_->fingerprint() + tokenizer_->fingerprint()),
           .max_tokens = config.max_tokens(),
           .hidden_size = config.hidden_size,
           .num_layers = config.num_layers};
  embeddings_ = std::make_unique<MappedEmbeddings>(source_);
  layout_ = std::make_unique<InputLayout>(tokenizer_, config.input_rules());
}

ReplicaView::~ReplicaView() = default;

std::int64_t ReplicaView::count_tokens(const Query& query) const {
  return static_cast<std::int64_t>(layout_->lay_out(query).ids.size());
}

AnswerToken ReplicaView::answer_token(std::string_view word) const {
  const std::string text = word.starts_with(' ') ? std::string(word) : " " + std::string(word);
  const Encoding encoding = tokenizer_->encode(text);
  const auto& unknown = tokenizer_->special_tokens().unknown;
  if (encoding.ids.empty() || encoding.ids.front() == unknown) {
    throw ModelError(options_.folder.string(),
                     "expected an answer word that the vocabulary can spell, found \"" +
                         printable(word) + "\"; choose another word");
  }
  const TokenId id = encoding.ids.front();
  return {.id = id,
          .token = tokenizer_->token(id),
          .num_tokens = static_cast<int>(encoding.ids.size())};
}

ModelMemory ReplicaView::memory() const {
  const auto number = static_cast<std::int64_t>(sizeof(float));
  return {.weights = number * config().num_parameters(),
          .scratch = Encoder::scratch_bytes(config(), options_.max_batch_tokens)};
}

const WordEmbeddings* ReplicaView::embeddings() const { return embeddings_.get(); }

const ModelConfig& ReplicaView::config() const { return source_->config(); }

std::shared_ptr<const Weights> ReplicaView::weights() const {
  auto weights = weights_.lock();
  if (weights == nullptr) {
    weights = Weights::load(source_);
    weights_ = weights;
  }
  return weights;
}

}  // namespace bbprompt
