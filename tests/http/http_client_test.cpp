#include "bbprompt/http/http_client.hpp"

#include <gmock/gmock.h>

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

constexpr double kLong = 60.0;  // a limit that nothing here comes near

HttpAnswer ask(HttpClient& client, const std::string& url, const std::string& body = "{}") {
  client.start({.id = 7, .url = url, .body = body});
  const auto answers = client.finish(kLong);
  EXPECT_EQ(answers.size(), 1U);
  return answers.empty() ? HttpAnswer{} : answers.front();
}

HttpAnswer ask_once(ScriptedServer::Script script, HttpOptions options = {}) {
  const ScriptedServer server(std::move(script));
  HttpClient client(std::move(options));
  return ask(client, server.url("/v1/completions"));
}

ScriptedServer::Script always(std::string bytes, AfterAnswer then = AfterAnswer::kKeep) {
  return [reaction = Reaction{.bytes = std::move(bytes), .then = then}](const ReceivedRequest&) {
    return reaction;
  };
}

TEST(HttpClient, SendsBodyAndKeyAndKeepsTheConnection) {
  const ScriptedServer server(always(http_answer(200, "{\"a\": 1}", "X-One:  two \r\n")));
  HttpClient client({.key = "secret"});
  const HttpAnswer first = ask(client, server.url("/a"), "{\"x\": 2}");
  EXPECT_EQ(first.fault, HttpFault::kNone) << first.why;
  EXPECT_EQ(first.id, 7U);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "{\"a\": 1}");
  EXPECT_EQ(find_header(first, "x-one"), "two");
  EXPECT_EQ(find_header(first, "x-two"), std::nullopt);
  EXPECT_FALSE(first.is_connection_reused);
  const HttpAnswer second = ask(client, server.url("/b"), "");
  EXPECT_TRUE(second.is_connection_reused);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].path, "/a");
  EXPECT_EQ(requests[0].body, "{\"x\": 2}");
  EXPECT_THAT(requests[0].head, AllOf(HasSubstr("Authorization: Bearer secret\r\n"),
                                      HasSubstr("Accept-Encoding: "), Not(HasSubstr("Expect"))));
  EXPECT_EQ(requests[1].method, "GET");
  EXPECT_EQ(requests[1].connection, 0);
}

TEST(HttpClient, TakesAFreshConnectionWhenAsked) {
  const ScriptedServer server(always(http_answer(200, "1")));
  HttpClient client({});
  EXPECT_EQ(ask(client, server.url()).status, 200);
  client.start({.id = 1, .url = server.url(), .body = "{}", .connection = ConnectionUse::kFresh});
  EXPECT_FALSE(client.finish(kLong).at(0).is_connection_reused);
  EXPECT_EQ(server.requests().at(1).connection, 1);
}

TEST(HttpClient, HasManyRequestsUnderWay) {
  const ScriptedServer server([](const ReceivedRequest& request) {
    return Reaction{.bytes = http_answer(200, request.body)};
  });
  HttpClient client({});
  for (std::uint64_t id = 0; id < 40; ++id) {
    client.start({.id = id, .url = server.url(), .body = std::to_string(id)});
  }
  std::size_t num_answers = 0;
  while (num_answers < 40) {
    const auto answers = client.finish(kLong);
    ASSERT_FALSE(answers.empty());
    for (const auto& answer : answers) EXPECT_EQ(answer.body, std::to_string(answer.id));
    num_answers += answers.size();
  }
  EXPECT_TRUE(client.finish(0.0).empty());
}

TEST(HttpClient, RefusesAKeyThatNoHeaderCanHold) {
  EXPECT_THROW(HttpClient({.key = "a\r\nHost: b"}), Error);
  EXPECT_THROW(HttpClient({.key = "a b"}), Error);
}

TEST(HttpClient, FollowsNoRedirect) {
  const HttpAnswer answer =
      ask_once(always(http_answer(307, "", "Location: http://elsewhere/x\r\n")));
  EXPECT_EQ(answer.fault, HttpFault::kNone);
  EXPECT_EQ(answer.status, 307);
  EXPECT_EQ(find_header(answer, "location"), "http://elsewhere/x");
}

struct CutCase {
  std::string name;
  std::string bytes;
  HttpFault fault;
  bool has_begun;
};

class HttpClientCut : public ::testing::TestWithParam<CutCase> {};

TEST_P(HttpClientCut, IsAFault) {
  for (const AfterAnswer then : {AfterAnswer::kClose, AfterAnswer::kReset}) {
    const HttpAnswer answer = ask_once(always(GetParam().bytes, then));
    // A reset may overtake what was sent before it.
    if (then == AfterAnswer::kReset && answer.fault == HttpFault::kLost) continue;
    EXPECT_EQ(answer.fault, GetParam().fault) << answer.why;
    EXPECT_EQ(answer.has_begun, GetParam().has_begun);
    EXPECT_EQ(answer.body, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HttpClientCut,
    ::testing::Values(CutCase{"nothing", "", HttpFault::kLost, false},
                      CutCase{"in_header", "HTTP/1.1 200 OK\r\nContent-Ty", HttpFault::kCut, true},
                      CutCase{"after_header", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                              HttpFault::kCut, true},
                      CutCase{"by_length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
                              HttpFault::kCut, true},
                      CutCase{"in_chunk",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
                              HttpFault::kCut, true},
                      CutCase{"before_last_chunk",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                              HttpFault::kCut, true}),
    [](const auto& tested) { return tested.param.name; });

TEST(HttpClient, ATornStatusLineIsNoAnswer) {
  const HttpAnswer answer = ask_once(always("HTT", AfterAnswer::kClose));
  EXPECT_NE(answer.fault, HttpFault::kNone);
  EXPECT_EQ(answer.status, 0);
}

TEST(HttpClient, TakesAnswersOfOldAndWordyServers) {
  const std::string last = http_answer(200, "{}");
  EXPECT_EQ(ask_once(always("HTTP/1.1 100 Continue\r\n\r\n" + last)).body, "{}");
  EXPECT_EQ(ask_once(always("HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n" + last)).body,
            "{}");
  const HttpAnswer old = ask_once(always("HTTP/1.0 200 OK\r\n\r\n[1]", AfterAnswer::kClose));
  EXPECT_EQ(old.fault, HttpFault::kNone) << old.why;
  EXPECT_EQ(old.body, "[1]");
  const HttpAnswer chunked = ask_once(always(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n"));
  EXPECT_EQ(chunked.fault, HttpFault::kNone) << chunked.why;
  EXPECT_EQ(chunked.body, "{}");
}

TEST(HttpClient, TellsALostKeptConnectionApart) {
  for (const AfterAnswer then : {AfterAnswer::kClose, AfterAnswer::kReset}) {
    const ScriptedServer server([then](const ReceivedRequest& request) {
      return request.on_connection == 0 ? Reaction{.bytes = http_answer(200, "1")}
                                        : Reaction{.then = then};
    });
    HttpClient client({});
    EXPECT_EQ(ask(client, server.url()).status, 200);
    const HttpAnswer lost = ask(client, server.url());
    EXPECT_EQ(lost.fault, HttpFault::kLostUnused) << lost.why;
    EXPECT_TRUE(lost.is_connection_reused);
    EXPECT_FALSE(lost.has_begun);
    EXPECT_EQ(server.requests().size(), 2U);  // not sent again by itself
  }
}

TEST(HttpClient, NamesTheTimeThatWasTooLong) {
  const HttpAnswer silent =
      ask_once(always("", AfterAnswer::kSilence), {.times = {.first_byte = 0.05}});
  EXPECT_EQ(silent.fault, HttpFault::kNoFirstByte);
  EXPECT_EQ(silent.why, "no byte of an answer within 0.05 s");
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const HttpAnswer stalled =
      ask_once(always(head, AfterAnswer::kSilence), {.times = {.stall = 0.05}});
  EXPECT_EQ(stalled.fault, HttpFault::kStalled);
  EXPECT_TRUE(stalled.has_begun);
  const HttpAnswer slow = ask_once(always(head, AfterAnswer::kSilence), {.times = {.total = 0.05}});
  EXPECT_EQ(slow.fault, HttpFault::kTooSlow);
  EXPECT_EQ(slow.why, "no whole answer within 0.05 s");
}

TEST(HttpClient, NamesTheAddressesThatRefuse) {
  HttpClient client({});
  const std::string port = std::to_string(closed_port());
  const HttpAnswer answer = ask(client, "http://127.0.0.1:" + port);
  EXPECT_EQ(answer.fault, HttpFault::kNoConnection);
  EXPECT_EQ(answer.why, "no connection: Connection refused (tried 127.0.0.1 port " + port + ")");
  EXPECT_THAT(ask(client, "http://localhost:" + port).why, HasSubstr("127.0.0.1 port " + port));
}

TEST(HttpClient, FindsAServerByTheNameLocalhost) {
  const ScriptedServer server(always(http_answer(200, "1")));
  HttpClient client({});
  EXPECT_EQ(ask(client, "http://localhost:" + std::to_string(server.port())).status, 200);
}

TEST(HttpClient, StopsALongBodyEarly) {
  const HttpOptions small{.max_body_bytes = 1 << 20};
  const HttpAnswer declared =
      ask_once(always("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), small);
  EXPECT_EQ(declared.fault, HttpFault::kTooLarge) << declared.why;
  const HttpAnswer endless = ask_once(
      [](const ReceivedRequest&) {
        return Reaction{.bytes = "HTTP/1.1 200 OK\r\n\r\n",
                        .then = AfterAnswer::kClose,
                        .filler = std::string(1 << 16, ' '),
                        .num_fill = 1 << 14};
      },
      small);
  EXPECT_EQ(endless.fault, HttpFault::kTooLarge) << endless.why;
  EXPECT_TRUE(endless.has_begun);
  EXPECT_EQ(endless.body.capacity() < (2U << 20), true);
}

TEST(HttpClient, StopsALongHeaderEarly) {
  for (const std::string& line :
       {"X-A: " + std::string(1000, 'a') + "\r\n", std::string(100000, 'b')}) {
    const HttpAnswer answer = ask_once([&line](const ReceivedRequest&) {
      return Reaction{.bytes = "HTTP/1.1 200 OK\r\n", .filler = line, .num_fill = 1 << 14};
    });
    EXPECT_EQ(answer.fault, HttpFault::kTooLarge) << answer.why;
  }
}

// gzip of "{}": stored in one block.
constexpr std::string_view kGzip{
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x02\x00\xfd\xff{}"
    "\x43\xbf\xa6\xa3\x02\x00\x00\x00",
    25};

TEST(HttpClient, DecodesWhatIsDeclared) {
  const HttpAnswer right = ask_once(always(http_answer(200, kGzip, "Content-Encoding: gzip\r\n")));
  EXPECT_EQ(right.fault, HttpFault::kNone) << right.why;
  EXPECT_EQ(right.body, "{}");
  for (const std::string encoding : {"gzip", "deflate", "br", "rot13"}) {
    const HttpAnswer wrong =
        ask_once(always(http_answer(200, "{\"a\": 1}", "Content-Encoding: " + encoding + "\r\n")));
    EXPECT_EQ(wrong.fault, HttpFault::kWrongEncoding) << encoding << ": " << wrong.why;
  }
}

TEST(HttpClient, SaysThatTheOtherSideSpeaksAnotherProtocol) {
  const ScriptedServer server(always(http_answer(200, "1")));
  HttpClient client({});
  const HttpAnswer not_http = ask_once(always("SSH-2.0-x\r\n\r\n", AfterAnswer::kClose));
  EXPECT_EQ(not_http.fault, HttpFault::kNotHttp) << not_http.why;
  EXPECT_NE(ask(client, "ftp://127.0.0.1/").fault, HttpFault::kNone);
}

}  // namespace
}  // namespace bbprompt
