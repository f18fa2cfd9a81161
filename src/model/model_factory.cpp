#include "bbprompt/model/model_factory.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/causal_replica.hpp"
#include "bbprompt/replica/replica.hpp"

namespace bbprompt {
namespace {

ReplicaOptions replica_options(const ModelOptions& options) {
  ReplicaOptions replica{.folder = options.path, .threads = options.threads};
  if (!options.weights.empty()) replica.weights_file = options.weights;
  return replica;
}

}  // namespace

std::shared_ptr<const ModelView> make_view(const ModelOptions& options) {
  switch (options.kind) {
    case ModelKind::kReplica:
      if (load_model_config(options.path).is_causal())
        return std::make_shared<const CausalView>(replica_options(options));
      return std::make_shared<const ReplicaView>(replica_options(options));
  }
  throw Error("unknown kind of model");
}

ModelVocabulary load_vocabulary(const ModelOptions& options) {
  switch (options.kind) {
    case ModelKind::kReplica: {
      const ModelConfig config = load_model_config(options.path);
      return {
          .tokenizer = load_tokenizer(
              options.path, {.model_vocabulary_size = static_cast<std::size_t>(config.vocab_size)}),
          .max_tokens = config.max_tokens(),
          .family = config.is_causal() ? ModelFamily::kCausal : ModelFamily::kMasked};
    }
  }
  throw Error("unknown kind of model");
}

std::unique_ptr<LanguageModel> make_model(const ModelOptions& options,
                                          const std::shared_ptr<const ModelView>& view) {
  switch (options.kind) {
    case ModelKind::kReplica: {
      if (auto causal = std::dynamic_pointer_cast<const CausalView>(view))
        return std::make_unique<CausalReplica>(std::move(causal), replica_options(options));
      auto replica_view = std::dynamic_pointer_cast<const ReplicaView>(view);
      if (replica_view == nullptr) throw Error("expected the view of a replica");
      return std::make_unique<Replica>(std::move(replica_view), replica_options(options));
    }
  }
  throw Error("unknown kind of model");
}

}  // namespace bbprompt
