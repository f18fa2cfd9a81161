#pragma once

#include <memory>

#include "bbprompt/serve/serve_options.hpp"
#include "serve/model_service.hpp"

namespace bbprompt {

// Connections and HTTP: from sockets to the service. A thread for each open connection, so a slow
// client holds nothing but its own; some more for those who come when all are taken.
class HttpServer {
 public:
  // Listens from now on. Throws Error where it cannot.
  HttpServer(ModelService& service, const ServeOptions& options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] bool is_listening() const;
  // Takes no more connections, and returns when requests under way are answered.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bbprompt
