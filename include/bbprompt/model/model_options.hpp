#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "bbprompt/query/server_options.hpp"

namespace bbprompt {

enum class ModelKind {
  kReplica,  // every rank runs the model itself
  kServer,   // it is behind HTTP
};
// Their names in a configuration, in enumerator order; empty ones are not used.
inline constexpr std::array<std::string_view, 9> kModelKinds = {"replica", "server"};

struct ModelOptions {
  ModelKind kind = ModelKind::kReplica;
  std::filesystem::path path;  // kReplica: Hugging Face folder
  std::string weights;         // file in it; empty: model.safetensors or its index
  int threads = 1;             // per rank; changes no result

  ServerOptions server;           // kServer
  std::filesystem::path journal;  // kServer: folder that keeps answers; empty: none
  // kServer: of a probe (ServerFindings); empty: it is probed when it is first needed.
  std::string findings;
};

}  // namespace bbprompt
