#include "bbprompt/model/model_factory.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/query/probe.hpp"
#include "bbprompt/query/server_model.hpp"
#include "bbprompt/replica/causal_replica.hpp"
#include "bbprompt/replica/replica.hpp"

namespace bbprompt {
namespace {

ReplicaOptions replica_options(const ModelOptions& options) {
  ReplicaOptions replica{.folder = options.path, .threads = options.threads};
  if (!options.weights.empty()) replica.weights_file = options.weights;
  return replica;
}

const ServerView& server_view(const std::shared_ptr<const ModelView>& view) {
  const auto* known = dynamic_cast<const ServerView*>(view.get());
  if (known == nullptr) throw Error("expected the view of a server");
  return *known;
}

std::unique_ptr<LanguageModel> make_server(const ModelOptions& options,
                                           const std::shared_ptr<const ModelView>& view,
                                           const WorkerPlace& place) {
  ServerOptions server = options.server;
  server.limits.requests_per_minute /= place.num_workers;
  server.limits.tokens_per_minute /= place.num_workers;
  ServerFindings findings = options.findings.empty() ? probe_server(server_view(view))
                                                     : ServerFindings::from_json(options.findings);
  return std::make_unique<ServerModel>(std::dynamic_pointer_cast<const ServerView>(view),
                                       std::move(server), std::move(findings), place.rank,
                                       options.journal);
}

}  // namespace

std::shared_ptr<const ModelView> make_view(const ModelOptions& options) {
  switch (options.kind) {
    case ModelKind::kReplica:
      if (load_model_config(options.path).is_causal())
        return std::make_shared<const CausalView>(replica_options(options));
      return std::make_shared<const ReplicaView>(replica_options(options));
    case ModelKind::kServer:
      return std::make_shared<const ServerView>(options.server);
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
    case ModelKind::kServer: {
      const ServerOptions& server = options.server;
      return {.tokenizer = server.tokenizer.empty() ? nullptr : load_tokenizer(server.tokenizer),
              .max_tokens = server.max_tokens,
              .family = server.is_masked ? ModelFamily::kMasked : ModelFamily::kCausal};
    }
  }
  throw Error("unknown kind of model");
}

std::unique_ptr<LanguageModel> make_model(const ModelOptions& options,
                                          const std::shared_ptr<const ModelView>& view,
                                          const WorkerPlace& place) {
  switch (options.kind) {
    case ModelKind::kReplica: {
      if (auto causal = std::dynamic_pointer_cast<const CausalView>(view))
        return std::make_unique<CausalReplica>(std::move(causal), replica_options(options));
      auto replica_view = std::dynamic_pointer_cast<const ReplicaView>(view);
      if (replica_view == nullptr) throw Error("expected the view of a replica");
      return std::make_unique<Replica>(std::move(replica_view), replica_options(options));
    }
    case ModelKind::kServer:
      return make_server(options, view, place);
  }
  throw Error("unknown kind of model");
}

ModelProbe probe_model(const ModelOptions& options, const std::shared_ptr<const ModelView>& view) {
  if (options.kind != ModelKind::kServer) return {};
  const ServerFindings findings = probe_server(server_view(view));
  return {.findings = findings.to_json(), .lines = findings.describe()};
}

bool gives_scores(const std::string& findings) {
  return findings.empty() || ServerFindings::from_json(findings).route != Route::kText;
}

int slots_of(const ModelOptions& options) {
  return options.kind == ModelKind::kServer ? ServerModel::slots_of(options.server) : 1;
}

ModelFactory ModelFactory::at(const WorkerPlace& place) {
  ModelFactory factory;
  factory.model = [place](const ModelOptions& options,
                          const std::shared_ptr<const ModelView>& view) {
    return make_model(options, view, place);
  };
  return factory;
}

}  // namespace bbprompt
