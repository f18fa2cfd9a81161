// What a server refuses, and how it ends: hostile and slow clients, limits, keys, a stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bbprompt/base/error.hpp"
#include "tests/serve/served.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using testing::Client;
using ::testing::HasSubstr;
using testing::Reply;
using testing::Served;
using testing::ServedGpt2;

const json kRequest = {{"prompt", {1, 2, 3}}, {"logprobs", 1}};

TEST(ServerRoutes, TellOfTheModelAndOfWhatWasDone) {
  const ServedGpt2 served;
  EXPECT_EQ(served->get("/health").status, 200);
  const json model = served->get("/v1/models").json()["data"][0];
  EXPECT_EQ(model["id"], "small-gpt2");
  EXPECT_EQ(model["max_model_len"], 48);
  EXPECT_EQ(model["family"], "causal");
  EXPECT_EQ(model["owned_by"], "bbprompt");
  ASSERT_EQ(served->post("/v1/completions", kRequest).status, 200);
  ASSERT_EQ(served->post("/v1/completions", {{"prompt", 1}}).status, 400);
  const std::string metrics = served->get("/metrics").body;
  for (const char* line : {"bbprompt_requests_total{route=\"/v1/completions\",status=\"200\"} 1",
                           "bbprompt_requests_total{route=\"/v1/completions\",status=\"400\"} 1",
                           "bbprompt_queries_total 1", "bbprompt_tokens_total 3",
                           "bbprompt_requests_waiting 0", "bbprompt_compute_seconds_total "}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST(ServerRoutes, RefuseOtherPathsMethodsAndTypes) {
  const ServedGpt2 served;
  const int port = served->server->port();
  EXPECT_EQ(Client(port).get("/v1/chat/completions").status, 404);
  const Reply method = Client(port).get("/v1/completions");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.head, HasSubstr("Allow: POST"));
  EXPECT_EQ(Client(port).post("/health", json::object()).status, 405);
  Client client(port);
  client.send(
      "POST /v1/completions HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
      "\r\n{}");
  EXPECT_EQ(client.receive().status, 415);
  EXPECT_TRUE(client.is_closed());
}

TEST(ServerRoutes, RefuseBodiesThatAreNoStrictJson) {
  const ServedGpt2 served;
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::vector<std::string> bodies = {"",
                                           "{",
                                           "[]",
                                           "nonsense",
                                           deep,
                                           R"({"prompt": )" + deep + "}",
                                           R"({"prompt": NaN})",
                                           R"({"prompt": "a", "prompt": "b"})",
                                           "{\"prompt\": \"\xff\xfe\"}",
                                           R"({"prompt": "a"} x)",
                                           R"({"prompt": [1e400]})",
                                           R"({"prompt": "\ud800"})",
                                           std::string(200000, '['),
                                           std::string("{\"prompt\": \"a\0b\"}", 17)};
  for (const std::string& body : bodies) {
    const Reply reply = served->post_text("/v1/completions", body);
    EXPECT_EQ(reply.status, 400) << body.substr(0, 60);
    EXPECT_FALSE(reply.message().empty());
  }
  EXPECT_EQ(served->get("/health").status, 200);
}

// Bytes that no client should send, and the status they may get; 0: the connection just ends.
TEST(ServerConnections, SurviveBrokenRequests) {
  const ServedGpt2 served;
  const std::string start = "POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\n";
  struct Case {
    std::string bytes;
    std::vector<int> statuses;
  };
  const std::vector<Case> cases = {
      {start + "\r\n", {411}},
      {start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}},
      {start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", {400}},
      {start + "Transfer-Encoding: gzip\r\n\r\n{}", {400}},
      {start + "Content-Length: -2\r\n\r\n{}", {400}},
      {start + "Content-Length: 99999999999999999999999\r\n\r\n{}", {413}},
      {start + "Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}", {415}},
      {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {400}},
      {"GET /health HTTP/9.9\r\n\r\n", {400, 505, 200}},
      {"\r\n\r\n", {0, 400}},
      {std::string(4, '\0') + "\r\n\r\n", {0, 400}},
      {"GET /" + std::string(10000, 'a') + " HTTP/1.1\r\n\r\n", {414}},
      {"GET /health HTTP/1.1\r\nA: " + std::string(80000, 'a') + "\r\n\r\n", {400, 431}},
  };
  for (const Case& broken : cases) {
    Client client(served->server->port());
    client.send(broken.bytes);
    const int status = client.receive().status;
    EXPECT_THAT(broken.statuses, ::testing::Contains(status)) << broken.bytes.substr(0, 200);
  }
  EXPECT_EQ(served->post("/v1/completions", kRequest).status, 200);
}

TEST(ServerConnections, TakeRequestsOneAfterAnotherAlsoSentAtOnce) {
  const ServedGpt2 served;
  Client client(served->server->port());
  const std::string body = kRequest.dump();
  const std::string request =
      "POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  client.send(request + "GET /health HTTP/1.1\r\n\r\n" + request);
  EXPECT_THAT(client.receive().body, HasSubstr("choices"));
  EXPECT_THAT(client.receive().body, HasSubstr("ok"));
  EXPECT_THAT(client.receive().body, HasSubstr("choices"));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.post("/v1/completions", kRequest).status, 200);
}

TEST(ServerConnections, TakeAChunkedBody) {
  const ServedGpt2 served;
  Client client(served->server->port());
  client.send(
      "POST /tokenize HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
      "\r\n8\r\n{\"prompt\r\n7\r\n\": \"a\"}\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().json()["tokens"], json{97});
}

TEST(ServerLimits, BodiesPromptsAndTokens) {
  const ServedGpt2 served(
      {.limits = {.max_body_bytes = 2000, .max_prompts = 3, .max_request_tokens = 60}});
  const auto status = [&](const json& prompt) {
    return served->post("/v1/completions", {{"prompt", prompt}}).status;
  };
  EXPECT_EQ(status(json(3, json{1})), 200);
  EXPECT_EQ(status(json(4, json{1})), 400);
  EXPECT_EQ(status(json(2, json(30, 1))), 200);
  EXPECT_EQ(status(json(2, json(31, 1))), 400);
  const Reply large = served->post("/v1/completions", {{"prompt", std::string(3000, 'a')}});
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.json()["error"]["code"], "body_too_large");
  Client client(served->server->port());
  client.send(
      "POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n" +
      std::string("3e8\r\n") + std::string(1000, ' ') + "\r\n3e9\r\n" + std::string(1001, ' ') +
      "\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 413);
}

TEST(ServerLimits, AnswersOfTooManyNumbers) {
  const ServedGpt2 served({.limits = {.max_logprobs = -1, .max_values = 300}});
  const json one = {{"prompt", {1}}, {"logprobs", -1}};
  EXPECT_EQ(served->post("/v1/completions", one).status, 200);
  const json two = {{"prompt", {{1}, {2}}}, {"logprobs", -1}};
  EXPECT_EQ(served->post("/v1/completions", two).status, 400);
}

TEST(ServerLimits, SlowClientsAreToldAndHoldNoOne) {
  const ServedGpt2 served({.limits = {.max_connections = 40}, .times = {.read_seconds = 0.5}});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 30; ++i) {
    slow.push_back(std::make_unique<Client>(served->server->port()));
    slow.back()->send(i % 2 == 0 ? "POST /v1/completions HTTP/1.1\r\nContent-Type: "
                                   "application/json\r\nContent-Length: 50\r\n\r\n{"
                                 : "GET /hea");
  }
  EXPECT_EQ(served->get("/health").status, 200);
  EXPECT_EQ(served->post("/v1/completions", kRequest).status, 200);
  // A byte now and then does not make it longer.
  Client drip(served->server->port());
  std::thread dripping([&] {
    for (int i = 0; i < 40; ++i) {
      drip.send("G");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_EQ(drip.receive().status, 408);
  dripping.join();
  for (const auto& client : slow) {
    EXPECT_EQ(client->receive().status, 408);
    EXPECT_TRUE(client->is_closed());
  }
}

TEST(ServerLimits, OneConnectionTooManyMayStillAskForHealth) {
  const ServedGpt2 served({.limits = {.max_connections = 2}});
  const int port = served->server->port();
  Client first(port);
  Client second(port);
  ASSERT_EQ(first.get("/health").status, 200);
  ASSERT_EQ(second.get("/health").status, 200);
  const Reply refused = Client(port).post("/v1/completions", kRequest);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1"));
  EXPECT_EQ(Client(port).get("/health").status, 200);
  EXPECT_EQ(first.post("/v1/completions", kRequest).status, 200);
}

TEST(ServerKey, IsAskedOfAllButHealth) {
  const ServedGpt2 served({.key = "secret"});
  Client client(served->server->port());
  EXPECT_EQ(client.get("/health").status, 200);
  for (const char* header : {"", "Authorization: Bearer secre\r\n", "Authorization: secret\r\n",
                             "Authorization: Bearer secret2\r\n", "Authorization: Bearer \r\n"}) {
    const Reply reply = client.get("/v1/models", header);
    EXPECT_EQ(reply.status, 401) << header;
    EXPECT_EQ(reply.json()["error"]["code"], "invalid_api_key");
    EXPECT_EQ(Client(served->server->port()).get("/nothing", header).status, 401);
  }
  EXPECT_EQ(client.get("/v1/models", "Authorization: Bearer secret\r\n").status, 200);
}

// A model that computes when it is let.
class HeldModel final : public LanguageModel {
 public:
  explicit HeldModel(LanguageModel& model) : model_(model) {}
  [[nodiscard]] const ModelView& view() const override { return model_.view(); }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override {
    std::unique_lock lock(mutex_);
    is_begun_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
    return model_.score(queries, answers);
  }
  void wait_until_begun() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_begun_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  LanguageModel& model_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_begun_ = false;
  bool is_open_ = false;
};

class HeldServer : public ::testing::Test {
 protected:
  HeldServer()
      : view_(make_view({.path = testing::masked_folder()})),
        model_(make_model({.path = testing::masked_folder()}, view_)),
        held_(*model_) {}
  void serve(int max_waiting) {
    server_ = std::make_unique<ModelServer>(
        held_, ServeOptions{.port = 0, .limits = {.max_waiting = max_waiting}});
  }
  Reply ask() { return Client(server_->port()).post("/v1/mask_scores", request_); }
  void wait_for_waiting(int count) {
    const std::string line = "bbprompt_requests_waiting " + std::to_string(count) + "\n";
    while (Client(server_->port()).get("/metrics").body.find(line) == std::string::npos)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  // One that computes, and some that wait.
  void ask_at_once(int count) {
    replies_.resize(static_cast<std::size_t>(count));
    for (Reply& reply : replies_) {
      threads_.emplace_back([this, &reply] { reply = ask(); });
      held_.wait_until_begun();
    }
    wait_for_waiting(count - 1);
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const json request_ = {{"inputs", {{{"segments", {{{"mask", true}}}}}}}, {"answers", {1}}};
  std::shared_ptr<const ModelView> view_;
  std::unique_ptr<LanguageModel> model_;
  HeldModel held_;
  std::unique_ptr<ModelServer> server_;
  std::vector<std::thread> threads_;
  std::vector<Reply> replies_;
};

TEST_F(HeldServer, RefusesWhatCannotWaitAndStillTellsItsHealth) {
  serve(2);
  ask_at_once(3);
  const Reply refused = ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.json()["error"]["code"], "queue_full");
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_EQ(Client(server_->port()).get("/health").status, 200);
  held_.open();
  join();
  for (const Reply& reply : replies_) EXPECT_EQ(reply.status, 200);
}

TEST_F(HeldServer, AnswersWhatIsUnderWayBeforeItStops) {
  serve(20);
  ask_at_once(8);
  Client idle(server_->port());
  ASSERT_EQ(idle.get("/health").status, 200);
  std::thread stopping([this] { server_->stop(); });
  EXPECT_TRUE(idle.is_closed());
  const int port = server_->port();
  while (Client(port).is_connected()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  held_.open();
  stopping.join();
  join();
  for (const Reply& reply : replies_) EXPECT_EQ(reply.status, 200);
}

TEST_F(HeldServer, ForgetsRequestsWhoseClientHasGone) {
  serve(20);
  ask_at_once(1);
  {
    const std::string body = request_.dump();
    const std::string bytes =
        "POST /v1/mask_scores HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    Client gone(server_->port());
    gone.send(bytes);
    Client too(server_->port());
    too.send(bytes);
    wait_for_waiting(2);
  }
  wait_for_waiting(0);
  held_.open();
  join();
  EXPECT_EQ(replies_[0].status, 200);
}

TEST(ModelServer, TellsWhyItCannotListen) {
  const ServedGpt2 served;
  try {
    const ModelServer other(*served->model, {.port = served->server->port()});
    FAIL() << "two servers at one port";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen at 127.0.0.1:"));
  }
}

}  // namespace
}  // namespace bbprompt
