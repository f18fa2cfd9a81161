#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bbprompt::testing {

// A request as the server got it, whole.
struct ReceivedRequest {
  int number = 0;         // from 0, over all connections
  int connection = 0;     // from 0
  int on_connection = 0;  // from 0: later ones came on a kept connection
  std::string method;
  std::string path;
  std::string head;  // all header lines
  std::string body;
};

enum class AfterAnswer {
  kKeep,     // the connection
  kClose,    // in order
  kReset,    // with RST
  kSilence,  // nothing more, until the client goes
};

// What the server does with a request: sends the bytes as they are.
struct Reaction {
  std::string bytes;
  AfterAnswer then = AfterAnswer::kKeep;
  std::string filler;        // sent after `bytes`...
  std::size_t num_fill = 0;  // ... this many times, or until the client goes
};

// A whole answer with Content-Length. `headers`: lines that end in "\r\n".
[[nodiscard]] std::string http_answer(int status, std::string_view body,
                                      std::string_view headers = "");

// A server on the loopback that answers as a function says. A thread of its own, raw sockets.
class ScriptedServer {
 public:
  using Script = std::function<Reaction(const ReceivedRequest&)>;

  explicit ScriptedServer(Script script);
  // Listens on a port of 127.0.0.1 that was free a moment ago.
  ScriptedServer(Script script, int port);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "") const;
  [[nodiscard]] std::vector<ReceivedRequest> requests() const;

 private:
  struct Connection {
    int number = 0;
    int num_requests = 0;
    bool is_silent = false;
    std::string received;
  };

  void serve();
  bool read_from(int socket, Connection& connection);
  bool answer_requests(int socket, Connection& connection);
  bool react(int socket, Connection& connection, const Reaction& reaction);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::map<int, Connection> connections_;
  int num_connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

// A port of 127.0.0.1 on which nobody listens.
[[nodiscard]] int closed_port();

}  // namespace bbprompt::testing
