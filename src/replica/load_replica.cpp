#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/replica.hpp"

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

std::unique_ptr<Replica> load_replica(const ReplicaOptions& options) {
  auto weights = Weights::load(options.folder, options.weights_file);
  const auto num_words = static_cast<std::size_t>(weights->config().vocab_size);
  auto tokenizer = load_tokenizer(options.folder, {.model_vocabulary_size = num_words});
  check_padding(options, weights->config(), *tokenizer);
  return std::make_unique<Replica>(std::move(weights), std::move(tokenizer), options);
}

}  // namespace bbprompt
