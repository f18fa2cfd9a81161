#pragma once

#include <memory>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/serve/serve_options.hpp"

namespace bbprompt {

// A language model of this process as a service over HTTP: routes in src/serve/serving.md. One
// thread computes, one request after another in the order they came, each request's queries as one
// call of the model and nothing else with them. So an answer has the bits that the model itself
// gives for these queries, whoever else asks at the time.
class ModelServer {
 public:
  // Listens from now on. `model` is the server's alone while it lives. Throws Error where it cannot
  // listen at host and port.
  ModelServer(LanguageModel& model, const ServeOptions& options);
  // Stops as stop() does.
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  [[nodiscard]] int port() const;
  // "http://127.0.0.1:8080"
  [[nodiscard]] const std::string& url() const;

  // False once stop() was called, and where the system takes listening away.
  [[nodiscard]] bool is_listening() const;

  // Takes no more requests, answers those under way, and returns when all are answered.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bbprompt
