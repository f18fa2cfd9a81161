#pragma once

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/serve/serve_options.hpp"
#include "serve/compute_queue.hpp"
#include "serve/http_message.hpp"
#include "serve/metrics.hpp"
#include "serve/request_error.hpp"
#include "serve/served_model.hpp"

namespace bbprompt {

// The routes: from requests to answers. Knows nothing of sockets. Safe to share between threads.
class ModelService {
 public:
  ModelService(LanguageModel& model, const ServeOptions& options);

  // The answer to a request that needs no body, and to one that is refused for what its head says;
  // nothing where the body is wanted.
  [[nodiscard]] std::optional<ServiceAnswer> answer_head(const HttpHead& head);
  // The answer to one whose body is wanted.
  [[nodiscard]] ServiceAnswer answer(const ServiceRequest& request);

  // Counts what was refused outside.
  [[nodiscard]] ServiceAnswer refuse_other(const Refusal& refusal);

  // From now on every request but /health is refused with 503.
  void end() { is_ending_ = true; }

 private:
  [[nodiscard]] ServiceAnswer answer_get(const std::string& path) const;
  void admit(const HttpHead& head) const;
  [[nodiscard]] nlohmann::json answer_json(const ServiceRequest& request);
  [[nodiscard]] nlohmann::json complete(const ServiceRequest& request);
  [[nodiscard]] nlohmann::json score(const ServiceRequest& request);
  [[nodiscard]] nlohmann::json tokenize(const nlohmann::json& body) const;
  [[nodiscard]] nlohmann::json detokenize(const nlohmann::json& body) const;
  void compute(const ServiceRequest& request, const ComputeQueue::Work& work);

  const ServeOptions options_;
  const std::string key_digest_;
  ServedModel served_;
  Metrics metrics_;
  std::atomic<bool> is_ending_{false};
  std::mutex reading_;  // JSON takes many times the memory of its text: one at a time
  ComputeQueue queue_;
};

}  // namespace bbprompt
