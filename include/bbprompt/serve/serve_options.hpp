#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bbprompt {

// What a server takes; more is refused with 400, 413 or 429.
struct ServeLimits {
  std::size_t max_body_bytes = std::size_t{8} << 20;
  int max_prompts = 1024;             // prompts or inputs of a request
  int max_request_tokens = 262144;    // of all prompts of a request together
  int max_waiting = 128;              // requests that wait for the model
  int max_connections = 256;          // open at once; a few more are told so, or asked for /health
  int max_logprobs = 20;              // best tokens at each place; -1: the whole vocabulary
  std::int64_t max_values = 1000000;  // log-probabilities in an answer
};

// How long a client may take.
struct ServeTimes {
  double read_seconds = 30.0;   // to send a request, from its first byte
  double idle_seconds = 60.0;   // between two requests of a connection
  double write_seconds = 60.0;  // to take an answer
};

struct ServeOptions {
  std::string host = "127.0.0.1";
  int port = 8080;   // 0: any that is free
  std::string name;  // of the model, to clients; empty: its folder's
  std::string key;   // that clients must send as bearer token; empty: none
  ServeLimits limits;
  ServeTimes times;
};

}  // namespace bbprompt
