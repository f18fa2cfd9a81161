#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bbprompt/http/http_client.hpp"
#include "bbprompt/query/server_options.hpp"
#include "query/asked_server.hpp"
#include "query/call_queue.hpp"
#include "query/pace_keeper.hpp"
#include "query/verdict.hpp"
#include "query/waiting_time.hpp"

namespace bbprompt {

// What a CallEngine works with; a test brings its own.
struct EngineParts {
  std::unique_ptr<HttpTransport> transport;
  std::function<double()> now;       // seconds of a clock that does not fall
  std::function<double()> wall_now;  // seconds since 1970
  std::string key;                   // kept out of all texts
  int rank = 0;
  double window_seconds = 60.0;  // that ServerOptions::limits are for
};

// CallQueue with a transport and a clock that can be chosen; see there.
class CallEngine {
 public:
  CallEngine(ServerOptions options, EngineParts parts);

  void start(Call call);
  [[nodiscard]] std::vector<FinishedCall> finish(double timeout_seconds);
  [[nodiscard]] std::size_t num_open() const { return num_askers_ + finished_.size(); }

 private:
  // Equal calls are sent once; each of them gets the answer.
  struct Asker {
    std::uint64_t id = 0;
    AnswerCheck check;
  };
  struct OpenCall {
    std::string path;
    std::string body;
    std::int64_t num_tokens = 0;
    int num_tries = 0;
    std::vector<Asker> askers;

    std::size_t server = 0;            // of the last try
    std::optional<std::size_t> avoid;  // a server that failed it, if there are others
    ConnectionUse connection = ConnectionUse::kAny;
    double not_before = 0.0;
    std::optional<double> waits_since;  // the first answer that asked to wait
    int num_waits = 0;
    int num_failed = 0;
    int num_malformed = 0;
    int num_repeated = 0;  // of last_why
    std::string last_why;
    int status = 0;
    std::int64_t num_requests = 0;
    std::int64_t num_cut = 0;
  };
  struct Ending {
    CallOutcome outcome = CallOutcome::kFailed;
    std::string why;
    double retry_after_seconds = 0.0;
  };

  [[nodiscard]] static std::string request_key(const std::string& path, const std::string& body);
  [[nodiscard]] std::optional<std::size_t> pick_server(const OpenCall& call, double now) const;
  [[nodiscard]] bool has_other_server(const OpenCall& call, double now) const;
  void send_waiting(double now);
  void send(std::uint64_t serial, std::size_t server, double now);
  [[nodiscard]] double next_event(double now) const;

  void take(const HttpAnswer& answer);
  void note_health(const HttpAnswer& answer, const Verdict& verdict, double now);
  void act(std::uint64_t serial, Verdict verdict, double now);
  void wait_for_server(std::uint64_t serial, const Verdict& verdict, double now);
  void try_again(std::uint64_t serial, const Verdict& verdict, double now);
  void ask_again(std::uint64_t serial, const Verdict& verdict, double now);
  void come_back(std::uint64_t serial, const Verdict& verdict, double wait);

  void give_back_waiting(double now);
  void end_waiting(const Ending& ending);
  void end_fatal(std::uint64_t serial, const std::string& why);
  void end(std::uint64_t serial, const Ending& ending);
  void end_answered(std::uint64_t serial, nlohmann::json answer);
  void forget(std::uint64_t serial);
  [[nodiscard]] int max_tries(const OpenCall& call) const;
  [[nodiscard]] Ending too_long_wait(const std::string& why, double wait) const;

  ServerOptions options_;
  EngineParts parts_;
  std::vector<AskedServer> servers_;
  PaceKeeper pace_;
  BackOff back_off_;

  std::uint64_t next_serial_ = 0;
  std::unordered_map<std::uint64_t, OpenCall> open_;           // by serial
  std::unordered_map<std::string, std::uint64_t> by_request_;  // path and body
  std::set<std::uint64_t> waiting_;                            // in the order of their starts
  int num_under_way_ = 0;
  std::size_t num_askers_ = 0;
  std::vector<FinishedCall> finished_;
};

}  // namespace bbprompt
