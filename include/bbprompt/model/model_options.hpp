#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace bbprompt {

enum class ModelKind {
  kReplica,  // every rank runs the model itself
};
// Their names in a configuration, in enumerator order; empty ones are not used.
inline constexpr std::array<std::string_view, 5> kModelKinds = {"replica"};

struct ModelOptions {
  ModelKind kind = ModelKind::kReplica;
  std::filesystem::path path;  // Hugging Face folder
  std::string weights;         // file in it; empty: model.safetensors or its index
  int threads = 1;             // per rank; changes no result
};

}  // namespace bbprompt
