#include "bbprompt/serve/model_server.hpp"

#include <string>

#include "serve/http_server.hpp"
#include "serve/model_service.hpp"

namespace bbprompt {

struct ModelServer::Parts {
  Parts(LanguageModel& model, const ServeOptions& options)
      : service(model, options), http(service, options) {}

  ModelService service;
  HttpServer http;
  std::string url;
};

ModelServer::ModelServer(LanguageModel& model, const ServeOptions& options)
    : parts_(std::make_unique<Parts>(model, options)) {
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  parts_->url = "http://" + (is_ipv6 ? "[" + options.host + "]" : options.host) + ":" +
                std::to_string(port());
}

ModelServer::~ModelServer() { stop(); }

int ModelServer::port() const { return parts_->http.port(); }

const std::string& ModelServer::url() const { return parts_->url; }

bool ModelServer::is_listening() const { return parts_->http.is_listening(); }

void ModelServer::stop() {
  parts_->service.end();
  parts_->http.stop();
}

}  // namespace bbprompt
