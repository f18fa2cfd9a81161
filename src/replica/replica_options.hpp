#pragma once

#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/replica_view.hpp"

namespace bbprompt {

// Throws ModelError for options that no replica can have.
[[nodiscard]] inline const ReplicaOptions& checked(const ReplicaOptions& options) {
  if (options.threads < 1 || options.max_batch_tokens < 1) {
    throw ModelError(options.folder.string(),
                     "expected threads and max_batch_tokens of at least 1, found " +
                         std::to_string(options.threads) + " and " +
                         std::to_string(options.max_batch_tokens));
  }
  return options;
}

}  // namespace bbprompt
