#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/serve/model_server.hpp"
#include "tests/small_gpt2.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

struct Reply {
  int status = 0;  // 0: the connection ended without an answer
  std::string head;
  std::string body;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }
  [[nodiscard]] std::string message() const { return json()["error"]["message"]; }
};

// A connection to a server of this machine, byte by byte.
class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { (void)::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // The next answer.
  Reply receive() {
    std::size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    Reply reply{
        .status = std::stoi(unread_.substr(9, 3)), .head = unread_.substr(0, end), .body = {}};
    const auto length = reply.head.find("Content-Length: ");
    const std::size_t size =
        length == std::string::npos ? 0 : std::stoul(reply.head.substr(length + 16));
    while (unread_.size() < end + 4 + size) {
      if (!more()) return {};
    }
    reply.body = unread_.substr(end + 4, size);
    unread_.erase(0, end + 4 + size);
    return reply;
  }

  // Whether the server has closed the connection, waited for.
  bool is_closed() { return unread_.empty() && !more(); }

  Reply get(const std::string& path, const std::string& headers = {}) {
    send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
    return receive();
  }
  Reply post(const std::string& path, const std::string& body, const std::string& headers = {}) {
    send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return receive();
  }
  Reply post(const std::string& path, const nlohmann::json& body) {
    return post(path, body.dump());
  }

 private:
  bool more() {
    char bytes[4096];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) unread_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  bool is_connected_ = false;
  std::string unread_;
};

// A model, and a server of another copy of it, as a model is one thread's.
class Served {
 public:
  explicit Served(const std::filesystem::path& folder, ServeOptions options = {}) {
    const ModelOptions model_options{.path = folder};
    view = make_view(model_options);
    model = make_model(model_options, view);
    served_view_ = make_view(model_options);
    served_ = make_model(model_options, served_view_);
    options.port = 0;
    server = std::make_unique<ModelServer>(*served_, options);
  }

  [[nodiscard]] Reply post(const std::string& path, const nlohmann::json& body) const {
    return Client(server->port()).post(path, body);
  }
  [[nodiscard]] Reply post_text(const std::string& path, const std::string& body) const {
    return Client(server->port()).post(path, body);
  }
  [[nodiscard]] Reply get(const std::string& path) const {
    return Client(server->port()).get(path);
  }

  std::shared_ptr<const ModelView> view;
  std::unique_ptr<LanguageModel> model;

 private:
  std::shared_ptr<const ModelView> served_view_;
  std::unique_ptr<LanguageModel> served_;

 public:
  std::unique_ptr<ModelServer> server;
};

inline std::filesystem::path masked_folder() {
  return source_folder() / "configs/quickstart/tiny-roberta";
}

// A small GPT-2 and its folder.
class ServedGpt2 {
 public:
  explicit ServedGpt2(const ServeOptions& options = {}) {
    SmallGpt2().write(folder_.path() / "small-gpt2");
    served_.emplace(folder_.path() / "small-gpt2", options);
  }
  const Served* operator->() const { return &*served_; }
  const Served& operator*() const { return *served_; }

 private:
  TemporaryFolder folder_;
  std::optional<Served> served_;
};

}  // namespace bbprompt::testing
