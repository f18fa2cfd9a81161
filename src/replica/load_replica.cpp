#include "bbprompt/replica/replica.hpp"

namespace bbprompt {

std::unique_ptr<Replica> load_replica(const ReplicaOptions& options) {
  auto weights = Weights::load(options.folder, options.weights_file);
  const auto num_words = static_cast<std::size_t>(weights->config().vocab_size);
  auto tokenizer = load_tokenizer(options.folder, {.model_vocabulary_size = num_words});
  return std::make_unique<Replica>(std::move(weights), std::move(tokenizer), options);
}

}  // namespace bbprompt
