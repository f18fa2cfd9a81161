#include "query/call_queue.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <map>

#include "bbprompt/base/error.hpp"
#include "tests/http/scripted_server.hpp"

namespace bbprompt {
namespace {

using testing::AfterAnswer;
using ::testing::AllOf;
using testing::closed_port;
using ::testing::HasSubstr;
using testing::http_answer;
using ::testing::Not;
using testing::Reaction;
using testing::ReceivedRequest;
using testing::ScriptedServer;

ServerOptions options(const std::string& url) {
  ServerOptions result;
  result.urls = {url};
  result.times = {.first_byte_seconds = 0.1, .stall_seconds = 0.1};
  return result;
}

std::map<std::uint64_t, FinishedCall> ask(CallQueue& queue, std::uint64_t num_calls) {
  for (std::uint64_t id = 0; id < num_calls; ++id) {
    queue.start({.id = id, .path = "/v1/completions", .body = std::to_string(id)});
  }
  std::map<std::uint64_t, FinishedCall> all;
  while (queue.num_open() > 0) {
    for (FinishedCall& finished : queue.finish(60.0)) all[finished.id] = std::move(finished);
  }
  return all;
}

FinishedCall ask_once(const ScriptedServer::Script& script, const std::string& key = "") {
  const ScriptedServer server(script);
  CallQueue queue(options(server.url()), key, 0);
  return ask(queue, 1)[0];
}

// What the server does with the first request; later ones are answered.
ScriptedServer::Script first(Reaction reaction) {
  return [reaction = std::move(reaction)](const ReceivedRequest& request) {
    return request.number == 0 ? reaction : Reaction{.bytes = http_answer(200, "{\"a\": 1}")};
  };
}

TEST(CallQueue, AnswersManyCallsOverFewConnections) {
  const ScriptedServer server([](const ReceivedRequest& request) {
    return Reaction{.bytes = http_answer(200, "[" + request.body + "]")};
  });
  ServerOptions few = options(server.url("/v1/"));
  few.requests = 4;
  CallQueue queue(few, "secret", 0);
  for (const auto& [id, finished] : ask(queue, 100)) {
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
    EXPECT_EQ(finished.answer[0], id);
  }
  for (const auto& request : server.requests()) {
    EXPECT_LT(request.connection, 4);
    EXPECT_EQ(request.path, "/v1/completions");
    EXPECT_THAT(request.head, HasSubstr("Authorization: Bearer secret"));
  }
}

TEST(CallQueue, SurvivesFaultsOfTheLine) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string longer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\": 2}";
  for (const Reaction& fault :
       {Reaction{.then = AfterAnswer::kReset}, Reaction{.then = AfterAnswer::kClose},
        Reaction{.then = AfterAnswer::kSilence},
        Reaction{.bytes = longer, .then = AfterAnswer::kClose},
        Reaction{.bytes = longer, .then = AfterAnswer::kReset},
        Reaction{.bytes = longer, .then = AfterAnswer::kSilence},
        Reaction{.bytes = "HTTP/1.1 200 OK\r\nConte", .then = AfterAnswer::kClose},
        Reaction{.bytes = chunked + "8\r\n{\"a\": ", .then = AfterAnswer::kClose},
        Reaction{.bytes = chunked + "8\r\n{\"a\": 2}\r\n", .then = AfterAnswer::kClose},
        Reaction{.bytes = http_answer(200, "{\"a\": 2}", "Content-Encoding: gzip\r\n")},
        Reaction{.bytes = http_answer(502, "<html>Bad Gateway</html>")}}) {
    const FinishedCall finished = ask_once(first(fault));
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << fault.bytes << ": " << finished.why;
    EXPECT_EQ(finished.answer["a"], 1);
    EXPECT_EQ(finished.num_requests, 2);
  }
}

TEST(CallQueue, SendsAgainWhatAKeptConnectionLost) {
  const ScriptedServer server([](const ReceivedRequest& request) {
    return request.on_connection == 1 ? Reaction{.then = AfterAnswer::kReset}
                                      : Reaction{.bytes = http_answer(200, "1")};
  });
  ServerOptions single = options(server.url());
  single.requests = 1;
  single.tries = 1;
  CallQueue queue(single, "", 0);
  for (const auto& [id, finished] : ask(queue, 10)) {
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
  }
}

TEST(CallQueue, TakesServersThatCloseEachConnection) {
  const ScriptedServer server([](const ReceivedRequest&) {
    return Reaction{.bytes = http_answer(200, "1", "Connection: close\r\n"),
                    .then = AfterAnswer::kClose};
  });
  CallQueue queue(options(server.url()), "", 0);
  for (const auto& [id, finished] : ask(queue, 20)) {
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
    EXPECT_EQ(finished.num_requests, 1);
  }
}

TEST(CallQueue, SaysWhatIsWrongWithoutTheKey) {
  const FinishedCall refused = ask_once(
      [](const ReceivedRequest& request) {
        return Reaction{.bytes = http_answer(401, "{\"error\": \"no: " + request.head.substr(0, 0) +
                                                      "Bearer secret-key\"}")};
      },
      "secret-key");
  EXPECT_EQ(refused.outcome, CallOutcome::kFatal);
  EXPECT_EQ(refused.num_requests, 1);
  EXPECT_THAT(refused.why, AllOf(HasSubstr("/v1/completions: status 401: no: Bearer ***"),
                                 Not(HasSubstr("secret-key"))));
}

TEST(CallQueue, FollowsNoRedirect) {
  const ScriptedServer elsewhere(
      [](const ReceivedRequest&) { return Reaction{.bytes = http_answer(200, "1")}; });
  const FinishedCall finished = ask_once([&elsewhere](const ReceivedRequest&) {
    return Reaction{.bytes = http_answer(308, "", "Location: " + elsewhere.url("/there") + "\r\n")};
  });
  EXPECT_EQ(finished.outcome, CallOutcome::kFailed);
  EXPECT_THAT(finished.why, HasSubstr(elsewhere.url("/there")));
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(CallQueue, WaitsUntilTheServerIsUp) {
  const int port = closed_port();
  CallQueue queue(options("http://localhost:" + std::to_string(port)), "", 0);
  queue.start({.id = 1, .path = "/v1/models"});
  EXPECT_TRUE(queue.finish(0.2).empty());
  const ScriptedServer server(
      [](const ReceivedRequest&) { return Reaction{.bytes = http_answer(200, "{}")}; }, port);
  std::vector<FinishedCall> finished;
  while (finished.empty()) finished = queue.finish(60.0);
  EXPECT_EQ(finished[0].outcome, CallOutcome::kAnswered) << finished[0].why;
  EXPECT_EQ(finished[0].num_requests, 1);
  EXPECT_EQ(server.requests().at(0).method, "GET");
}

TEST(CallQueue, LetsTheCallerJudgeAnswers) {
  const ScriptedServer server([](const ReceivedRequest& request) {
    return Reaction{.bytes = http_answer(200, request.number < 2 ? "{}" : "{\"choices\": [1]}")};
  });
  CallQueue queue(options(server.url()), "", 0);
  queue.start({.id = 1, .path = "/x", .body = "{}", .check = [](const nlohmann::json& json) {
                 if (!json.contains("choices")) throw MalformedAnswer("no choices");
               }});
  std::vector<FinishedCall> finished;
  while (finished.empty()) finished = queue.finish(60.0);
  EXPECT_EQ(finished[0].outcome, CallOutcome::kAnswered) << finished[0].why;
  EXPECT_EQ(finished[0].num_requests, 3);
}

TEST(CallQueue, RefusesUrlsAndKeysThatCannotBeUsed) {
  EXPECT_THROW(CallQueue(options("host:80"), "", 0), Error);
  EXPECT_THROW(CallQueue(options("http://host"), "a\nb", 0), Error);
}

}  // namespace
}  // namespace bbprompt
