#include "tests/http/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace bbprompt::testing {
namespace {

int listen_at(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 64) != 0) {
    close(listener);
    throw std::runtime_error("a test's server cannot listen");
  }
  return listener;
}

int port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void reset(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::size_t body_size(const std::string& head) {
  const auto place = head.find("Content-Length: ");
  return place == std::string::npos ? 0 : std::stoul(head.substr(place + 16));
}

}  // namespace

std::string http_answer(int status, std::string_view body, std::string_view headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " Word\r\n";
  answer.append(headers);
  answer += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return answer.append(body);
}

ScriptedServer::ScriptedServer(Script script) : ScriptedServer(std::move(script), 0) {}

ScriptedServer::ScriptedServer(Script script, int port)
    : script_(std::move(script)), listener_(listen_at(port)), port_(port_of(listener_)) {
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  is_over_ = true;
  thread_.join();
  for (const auto& [socket, connection] : connections_) close(socket);
  close(listener_);
}

std::string ScriptedServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::vector<ReceivedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::serve() {
  while (!is_over_) {
    std::vector<pollfd> waiting{{.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const auto& [socket, connection] : connections_) {
      waiting.push_back({.fd = socket, .events = POLLIN, .revents = 0});
    }
    if (poll(waiting.data(), waiting.size(), 10) <= 0) continue;
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      const auto place = connections_.find(waiting[i].fd);
      if (read_from(place->first, place->second)) continue;
      close(place->first);
      connections_.erase(place);
    }
    if (waiting[0].revents == 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connections_[socket].number = num_connections_++;
  }
}

// False: the connection is to be closed.
bool ScriptedServer::read_from(int socket, Connection& connection) {
  std::string buffer(65536, '\0');
  const auto size = recv(socket, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  connection.received.append(buffer, 0, static_cast<std::size_t>(size));
  return answer_requests(socket, connection);
}

bool ScriptedServer::answer_requests(int socket, Connection& connection) {
  while (true) {
    std::string& received = connection.received;
    const auto end = received.find("\r\n\r\n");
    if (end == std::string::npos || connection.is_silent) return true;
    ReceivedRequest request;
    request.head = received.substr(0, end + 2);
    const std::size_t size = body_size(request.head);
    if (received.size() < end + 4 + size) return true;
    request.body = received.substr(end + 4, size);
    received.erase(0, end + 4 + size);
    const auto blank = request.head.find(' ');
    request.method = request.head.substr(0, blank);
    request.path = request.head.substr(blank + 1, request.head.find(' ', blank + 1) - blank - 1);
    request.connection = connection.number;
    request.on_connection = connection.num_requests++;
    {
      const std::lock_guard lock(mutex_);
      request.number = static_cast<int>(requests_.size());
      requests_.push_back(request);
    }
    if (!react(socket, connection, script_(request))) return false;
  }
}

bool ScriptedServer::react(int socket, Connection& connection, const Reaction& reaction) {
  bool is_well = send_all(socket, reaction.bytes);
  for (std::size_t i = 0; i < reaction.num_fill && is_well && !is_over_; ++i) {
    is_well = send_all(socket, reaction.filler);
  }
  connection.is_silent = reaction.then == AfterAnswer::kSilence;
  if (reaction.then == AfterAnswer::kReset) reset(socket);
  return is_well && (reaction.then == AfterAnswer::kKeep || connection.is_silent);
}

int closed_port() {
  const int listener = listen_at(0);
  const int port = port_of(listener);
  close(listener);
  return port;
}

}  // namespace bbprompt::testing
