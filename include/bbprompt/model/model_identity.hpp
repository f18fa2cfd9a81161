#pragma once

#include <compare>
#include <filesystem>
#include <string>

#include "bbprompt/model/model_options.hpp"

namespace bbprompt {

// Which model options name, whatever else they say: equal identities are one model, with one set of
// weights in memory. The number of threads is no part of it.
struct ModelIdentity {
  ModelKind kind = ModelKind::kReplica;
  std::filesystem::path path;
  std::string weights;
  // Of a server; not its address.
  std::string name;
  std::string revision;
  std::filesystem::path tokenizer;
  int max_tokens = 0;
  bool is_masked = false;
  ServerApi api = ServerApi::kCompletions;
  std::string system_message;
  Route route = Route::kAuto;

  explicit ModelIdentity(const ModelOptions& options)
      : kind(options.kind), path(options.path), weights(options.weights) {
    if (kind != ModelKind::kServer) return;
    const ServerOptions& server = options.server;
    name = server.name;
    revision = server.revision;
    tokenizer = server.tokenizer;
    max_tokens = server.max_tokens;
    is_masked = server.is_masked;
    api = server.api;
    system_message = server.system_message;
    route = server.route;
  }

  friend auto operator<=>(const ModelIdentity&, const ModelIdentity&) = default;
};

}  // namespace bbprompt
