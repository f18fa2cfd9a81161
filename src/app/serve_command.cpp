#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "app/command.hpp"
#include "app/stop_signals.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/serve/model_server.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr auto kLookPause = std::chrono::milliseconds(50);  // a signal may come to any thread
constexpr const char* kKeyVariable = "BBPROMPT_SERVE_KEY";

template <typename Number>
po::typed_value<Number>* limit(Number otherwise, const char* unit) {
  return po::value<Number>()->default_value(otherwise)->value_name(unit);
}

void add_limits(CommandOptions& options) {
  const ServeLimits limits;
  options.named.add_options()("max-body", limit(limits.max_body_bytes, "BYTES"),
                              "largest request; a larger one gets status 413")(
      "max-prompts", limit(limits.max_prompts, "N"), "most prompts in one request")(
      "max-request-tokens", limit(limits.max_request_tokens, "N"),
      "most tokens of all prompts of one request")(
      "max-waiting", limit(limits.max_waiting, "N"),
      "most requests that wait for the model; further ones get status 429 and may try again")(
      "max-connections", limit(limits.max_connections, "N"),
      "most open connections; each takes a thread. Raise it with the number of clients")(
      "max-logprobs", limit(limits.max_logprobs, "N"),
      "most entries of \"logprobs\" for each token; -1: up to the whole vocabulary")(
      "read-seconds", real_value(ServeTimes{}.read_seconds)->value_name("SECONDS"),
      "time for a client to send one request; a slower one gets status 408");
}

CommandOptions serve_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt serve",
      .usage = "bbprompt serve MODEL_FOLDER [--port N] [--key-file FILE]",
      .about =
          "Answers requests over HTTP with a model of this machine, as a model server does: so "
          "runs "
          "can query it like a cloud service, and other programs can too. GPT-2 folders answer "
          "/v1/completions in vLLM's form: they score text and write at most one token. Masked "
          "models (BERT, RoBERTa) answer /v1/mask_scores. Both have /v1/answer_scores, /tokenize, "
          "/detokenize, /v1/models, /health and /metrics.\n"
          "An answer has the bits that the model gives inside a run: each request is computed by "
          "itself, one after another.\n"
          "The server prints its address when it is ready. On SIGTERM or Ctrl-C it answers the "
          "requests under way and ends with exit code 0.\n"
          "Clients must send a key as bearer token where there is one: in the file of --key-file, "
          "which nobody else may read, or in the environment variable BBPROMPT_SERVE_KEY.",
      .example =
          "  bbprompt serve models/gpt2 --port 8080\n"
          "  curl http://127.0.0.1:8080/v1/completions -H 'Content-Type: application/json' \\\n"
          "    -d '{\"prompt\": \"The film was\", \"logprobs\": 5}'\n"};
  options.named.add_options()(
      "host", po::value<std::string>()->default_value("127.0.0.1")->value_name("HOST"),
      "address to listen at. The default takes clients of this machine "
      "alone; 0.0.0.0 takes those of the network: use a key then");
  options.named.add_options()("port", po::value<int>()->default_value(8080)->value_name("PORT"),
                              "port to listen at; 0: one that is free");
  options.named.add_options()("port-file", po::value<std::string>()->value_name("FILE"),
                              "write the port to FILE when the server is ready, for scripts");
  options.named.add_options()("name", po::value<std::string>()->value_name("NAME"),
                              "the model's name for clients, instead of its folder's");
  options.named.add_options()("key-file", po::value<std::string>()->value_name("FILE"),
                              "file with the key that clients must send");
  options.named.add_options()("weights", po::value<std::string>()->value_name("FILE"),
                              "weights file in the folder, instead of model.safetensors");
  options.named.add_options()("threads", po::value<int>()->default_value(1)->value_name("N"),
                              "threads of the model's matrix products; changes no answer");
  add_limits(options);
  options.hidden.add_options()("folder", po::value<std::string>()->required(),
                               "the folder of a model: bbprompt serve MODEL_FOLDER");
  options.positional.add("folder", 1);
  return options;
}

std::string checked_key(std::string key, const std::string& source) {
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  for (const char c : key) {
    if (c <= ' ' || c > '~')
      throw UsageError(source + ": expected a key of visible ASCII characters on one line");
  }
  if (key.empty()) throw UsageError(source + ": expected a key, found none");
  return key;
}

std::string read_key(const po::variables_map& values) {
  const std::string file = text_of(values, "key-file");
  const char* variable = std::getenv(kKeyVariable);
  if (file.empty())
    return variable == nullptr ? std::string() : checked_key(variable, kKeyVariable);
  struct stat found {};
  if (::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw UsageError(
        "--key-file: expected a file that only its owner may use, found others may "
        "too; try: chmod 600 " +
        file);
  }
  constexpr std::size_t kMaxBytes = 4096;
  return checked_key(read_file(file, kMaxBytes), file);
}

template <typename Number>
Number at_least(const po::variables_map& values, const char* name, Number least) {
  const auto value = values[name].as<Number>();
  if (value >= least) return value;
  throw UsageError("--" + std::string(name) + ": expected at least " + std::to_string(least) +
                   ", found " + std::to_string(value));
}

ServeOptions read_options(const po::variables_map& values) {
  ServeOptions options{.host = values["host"].as<std::string>(),
                       .port = at_least(values, "port", 0),
                       .name = text_of(values, "name"),
                       .key = read_key(values)};
  if (options.port > 65535) throw UsageError("--port: expected at most 65535");
  options.limits.max_body_bytes = at_least(values, "max-body", std::size_t{1});
  options.limits.max_prompts = at_least(values, "max-prompts", 1);
  options.limits.max_request_tokens = at_least(values, "max-request-tokens", 1);
  options.limits.max_waiting = at_least(values, "max-waiting", 1);
  options.limits.max_connections = at_least(values, "max-connections", 1);
  options.limits.max_logprobs = at_least(values, "max-logprobs", -1);
  options.times.read_seconds = at_least(values, "read-seconds", 0.1);
  return options;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

int serve_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, serve_options(), values)) return kExitDone;
  const ServeOptions options = read_options(values);
  ModelOptions model;
  model.path = values["folder"].as<std::string>();
  model.weights = text_of(values, "weights");
  model.threads = at_least(values, "threads", 1);
  catch_stop_signals();
  const auto view = make_view(model);
  const auto served = make_model(model, view);
  ModelServer server(*served, options);
  if (!is_loopback(options.host) && options.key.empty()) {
    std::cerr << "bbprompt: warning: everyone who reaches " << options.host
              << " can use this server; set a key with --key-file\n";
  }
  if (values.count("port-file") > 0)
    replace_file(values["port-file"].as<std::string>(), std::to_string(server.port()) + "\n");
  std::cout << "listening on " << server.url() << std::endl;  // now, whoever reads it
  while (stop_signal() == 0) {
    if (!server.is_listening()) throw Error("cannot listen any longer: out of system resources");
    std::this_thread::sleep_for(kLookPause);
  }
  std::cerr << "bbprompt: stopping; requests under way are answered\n";
  server.stop();
  return kExitDone;
}

}  // namespace bbprompt
