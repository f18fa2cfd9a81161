#pragma once

#include <string>
#include <vector>

namespace bbprompt {

// One key of a configuration. Reading, checking, writing, error texts and the table in
// configs/README.md all follow from the same rows.
struct ConfigKey {
  std::string key;       // dotted, e.g. "optimizer.cma_es.sigma"
  std::string expected;  // "an integer from 1 to 512"
  bool is_required = false;
  std::string default_text;  // as YAML; empty where the key is required
  std::string meaning;
};

// Every key, in the order of the canonical configuration.
[[nodiscard]] std::vector<ConfigKey> config_keys();

}  // namespace bbprompt
