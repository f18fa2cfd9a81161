#include "serve/http_server.hpp"

#include <httplib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "bbprompt/base/blocked_signals.hpp"
#include "bbprompt/base/error.hpp"
#include "serve/connection.hpp"
#include "serve/connection_threads.hpp"
#include "serve/request_error.hpp"

namespace bbprompt {
namespace {

constexpr int kSurplusThreads = 32;  // for connections beyond the limit
// The time of these is short, so that the next ones soon have their turn.
constexpr ServeTimes kSurplusTimes = {.read_seconds = 2, .idle_seconds = 1, .write_seconds = 2};
constexpr std::size_t kMaxToldRequests = 1000000;  // of a connection; there is no limit
constexpr int kBacklog = 1024;                     // of connections that no thread has taken yet
constexpr auto kStartPause = std::chrono::milliseconds(1);

class StreamOfConnection final : public httplib::Stream {
 public:
  explicit StreamOfConnection(Connection& connection) : connection_(connection) {}
  [[nodiscard]] bool is_readable() const override { return connection_.is_readable(); }
  [[nodiscard]] bool is_writable() const override { return connection_.is_writable(); }
  ssize_t read(char* bytes, std::size_t size) override { return connection_.read(bytes, size); }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection_.write(bytes, size);
  }
  // No one asks.
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  [[nodiscard]] socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
};

class TaskQueueOfThreads final : public httplib::TaskQueue {
 public:
  explicit TaskQueueOfThreads(int max_threads) : threads_(max_threads) {}
  void enqueue(std::function<void()> job) override { threads_.add(std::move(job)); }
  void shutdown() override { threads_.finish(); }

 private:
  ConnectionThreads threads_;
};

// The request that a connection's thread is at.
struct Exchange {
  Connection* connection = nullptr;
  bool is_surplus = false;
  bool must_close = false;  // what the client still sends is no request
  bool is_answered = false;
};
thread_local Exchange exchange;

Refusal too_large(std::size_t most) {
  return {.status = 413,
          .message = "expected a body of at most " + std::to_string(most) + " bytes",
          .code = "body_too_large"};
}

// What HTTP itself forbids, or leaves open in a way that two programs may read differently.
std::optional<Refusal> check_framing(const httplib::Request& request, std::size_t most) {
  const std::string length = request.get_header_value("Content-Length");
  const std::string coding = request.get_header_value("Transfer-Encoding");
  if (request.get_header_value_count("Content-Length") > 1 ||
      request.get_header_value_count("Transfer-Encoding") > 1 ||
      (!length.empty() && !coding.empty()) ||
      length.find_first_not_of("0123456789") != std::string::npos)
    return Refusal{.message = "expected one Content-Length, a number, or chunks"};
  if (!coding.empty() && coding != "chunked")
    return Refusal{.message = "Transfer-Encoding: expected chunked"};
  if (request.has_header("Content-Encoding"))
    return Refusal{.status = 415, .message = "Content-Encoding: expected none"};
  if (length.size() > 15 || (!length.empty() && std::stoull(length) > most)) return too_large(most);
  if (request.method == "POST" && length.empty() && coding.empty())
    return Refusal{.status = 411, .message = "expected a Content-Length"};
  return std::nullopt;
}

bool has_body(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

void put(const ServiceAnswer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, answer.content_type);
  if (!answer.allow.empty()) response.set_header("Allow", answer.allow);
  if (answer.status == 401) response.set_header("WWW-Authenticate", "Bearer");
  if (answer.retry_after > 0)
    response.set_header("Retry-After", std::to_string(answer.retry_after));
  if (exchange.must_close) response.set_header("Connection", "close");
  exchange.is_answered = true;
  exchange.connection->begin_answer();
}

}  // namespace

// httplib reads requests and writes answers; connections, their threads and times are ours.
struct HttpServer::Parts final : public httplib::Server {
  Parts(ModelService& of_service, const ServeOptions& of_options)
      : service(of_service), options(of_options) {
    new_task_queue = [this] {
      return new TaskQueueOfThreads(options.limits.max_connections + kSurplusThreads);
    };
    set_keep_alive_timeout(static_cast<time_t>(options.times.idle_seconds));
    set_keep_alive_max_count(kMaxToldRequests);
    // Only one server at a port: httplib would have set SO_REUSEPORT.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return answer_head(request, response);
    });
    Post(".*", [this](const httplib::Request& request, httplib::Response& response,
                      const httplib::ContentReader& reader) { answer(request, response, reader); });
    // What httplib refuses by itself: a request that it cannot read.
    set_error_handler(
        HandlerWithResponse([this](const httplib::Request&, httplib::Response& response) {
          return answer_unreadable(response);
        }));
  }

  HandlerResponse answer_unreadable(httplib::Response& response) {
    if (exchange.is_answered) return HandlerResponse::Unhandled;
    exchange.must_close = true;
    put(service.refuse_other({.status = response.status, .message = "expected HTTP/1.1"}),
        response);
    return HandlerResponse::Handled;
  }

  static HttpHead head_of(const httplib::Request& request) {
    return {.method = request.method,
            .path = request.path,
            .content_type = request.get_header_value("Content-Type"),
            .authorization = request.get_header_value("Authorization"),
            .is_surplus = exchange.is_surplus};
  }

  // Before the body is read. A connection whose body is left unread is closed.
  HandlerResponse answer_head(const httplib::Request& request, httplib::Response& response) {
    exchange.must_close = has_body(request) || exchange.is_surplus;
    std::optional<ServiceAnswer> answer;
    if (const auto refusal = check_framing(request, options.limits.max_body_bytes)) {
      exchange.must_close = true;
      answer = service.refuse_other(*refusal);
    } else {
      answer = service.answer_head(head_of(request));
    }
    if (!answer) {
      exchange.must_close = exchange.is_surplus;
      return HandlerResponse::Unhandled;
    }
    put(*answer, response);
    return HandlerResponse::Handled;
  }

  void answer(const httplib::Request& request, httplib::Response& response,
              const httplib::ContentReader& reader) {
    Connection& connection = *exchange.connection;
    connection.begin_body();
    ServiceRequest asked{.head = head_of(request), .body = {}, .is_wanted = [&connection] {
                           return connection.is_open();
                         }};
    bool is_too_large = false;
    const bool is_read = reader([&](const char* bytes, std::size_t size) {
      is_too_large = asked.body.size() + size > options.limits.max_body_bytes;
      if (!is_too_large) asked.body.append(bytes, size);
      return !is_too_large;
    });
    if (is_read) return put(service.answer(asked), response);
    exchange.must_close = true;
    if (is_too_large || connection.has_too_much())
      return put(service.refuse_other(too_large(options.limits.max_body_bytes)), response);
    if (connection.is_late())
      return put(service.refuse_other({.status = 408, .message = late()}), response);
    put(service.refuse_other({.message = "expected a whole body"}), response);
  }

  [[nodiscard]] std::string late() const {
    return "expected the whole request within " +
           std::to_string(static_cast<int>(options.times.read_seconds)) + " seconds";
  }

  bool process_and_close_socket(socket_t socket) override {
    const bool is_surplus = ++num_open > options.limits.max_connections;
    {
      Connection connection(socket,
                            {.times = is_surplus ? kSurplusTimes : options.times,
                             .max_body_bytes = options.limits.max_body_bytes},
                            is_ending);
      exchange = {.connection = &connection, .is_surplus = is_surplus};
      while (connection.wait_for_request() && answer_one(connection)) {
      }
    }
    --num_open;
    return true;
  }

  // False where the connection ends.
  bool answer_one(Connection& connection) {
    StreamOfConnection stream(connection);
    exchange.must_close = exchange.is_answered = false;
    bool is_closed = false;
    const bool is_done = process_request(stream, is_ending, is_closed, nullptr);
    if (!exchange.is_answered) refuse_head(connection, stream);
    if (exchange.must_close) connection.close_gently();
    return is_done && !is_closed && !exchange.must_close && !is_ending;
  }

  // A head that never ended. What a client that said nothing more gets is for those who look.
  void refuse_head(Connection& connection, httplib::Stream& stream) {
    if (!connection.is_late() && !connection.has_too_much()) return;
    const ServiceAnswer answer =
        connection.is_late()
            ? service.refuse_other({.status = 408, .message = late()})
            : service.refuse_other({.status = 431, .message = "expected shorter headers"});
    connection.begin_answer();
    exchange.must_close = true;
    const char* reason =
        answer.status == 408 ? "Request Timeout" : "Request Header Fields Too Large";
    (void)stream.write("HTTP/1.1 " + std::to_string(answer.status) + " " + reason +
                       "\r\nConnection: close\r\nContent-Type: application/json\r\n"
                       "Content-Length: " +
                       std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body);
  }

  void listen_at_port() {
    errno = 0;
    port = options.port;
    const bool is_bound = options.port == 0 ? (port = bind_to_any_port(options.host)) > 0
                                            : bind_to_port(options.host, options.port);
    if (!is_bound) {
      throw Error("cannot listen at " + options.host + ":" + std::to_string(options.port) + ": " +
                  (errno != 0 ? std::strerror(errno) : "no such address") +
                  "; choose another --host or --port");
    }
    (void)::listen(svr_sock_, kBacklog);  // httplib lets 5 wait, the sixth a second
    const BlockedSignals blocked;
    thread = std::thread([this] { (void)listen_after_bind(); });
    while (!is_running()) std::this_thread::sleep_for(kStartPause);
  }

  ModelService& service;
  const ServeOptions options;
  std::atomic<bool> is_ending{false};
  std::atomic<int> num_open{0};
  int port = 0;
  std::thread thread;
};

HttpServer::HttpServer(ModelService& service, const ServeOptions& options)
    : parts_(std::make_unique<Parts>(service, options)) {
  parts_->listen_at_port();
}

HttpServer::~HttpServer() { stop(); }

int HttpServer::port() const { return parts_->port; }

bool HttpServer::is_listening() const { return parts_->is_running(); }

void HttpServer::stop() {
  if (!parts_->thread.joinable()) return;
  parts_->is_ending = true;
  parts_->Server::stop();
  parts_->thread.join();
}

}  // namespace bbprompt
