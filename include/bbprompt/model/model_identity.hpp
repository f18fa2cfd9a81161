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

  explicit ModelIdentity(const ModelOptions& options)
      : kind(options.kind), path(options.path), weights(options.weights) {}

  friend auto operator<=>(const ModelIdentity&, const ModelIdentity&) = default;
};

}  // namespace bbprompt
