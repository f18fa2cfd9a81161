#include "query/verdict.hpp"

#include <gmock/gmock.h>

#include "query/call_queue.hpp"

namespace bbprompt {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using ::testing::HasSubstr;
using ::testing::Not;

struct JudgeCase {
  std::string name;
  int status = 200;
  std::string body;
  VerdictKind kind = VerdictKind::kFailed;
  Health health = Health::kWell;
  Headers headers;
  std::string said;  // in the reason
};

Verdict verdict_on(int status, const std::string& body, const Headers& headers = {}) {
  const HttpAnswer answer{.status = status, .headers = headers, .body = body};
  return judge(answer, {}, {.key = "sk-secret", .wall_now = 0.0});
}

class JudgeStatus : public ::testing::TestWithParam<JudgeCase> {};

TEST_P(JudgeStatus, FollowsTheTable) {
  const JudgeCase& tested = GetParam();
  const Verdict verdict = verdict_on(tested.status, tested.body, tested.headers);
  EXPECT_EQ(verdict.kind, tested.kind) << verdict.why;
  EXPECT_EQ(verdict.health, tested.health) << verdict.why;
  EXPECT_THAT(verdict.why, HasSubstr(tested.said));
}

std::string openai(const std::string& message, const std::string& code, const std::string& type) {
  return nlohmann::json{
      {"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}}}}
      .dump();
}

const std::string kDeep = std::string(100000, '[');

INSTANTIATE_TEST_SUITE_P(
    Waits, JudgeStatus,
    ::testing::Values(
        JudgeCase{"plain_429", 429, "", VerdictKind::kWait},
        JudgeCase{"rate_429",
                  429,
                  openai("Rate limit reached", "rate_limit_exceeded", "requests"),
                  VerdictKind::kWait,
                  Health::kWell,
                  {},
                  "Rate limit reached"},
        JudgeCase{"quota",
                  429,
                  openai("You exceeded your current quota", "insufficient_quota", "x"),
                  VerdictKind::kFatal,
                  Health::kWell,
                  {},
                  "no money"},
        JudgeCase{"billing", 429, openai("Limit", "billing_hard_limit_reached", "x"),
                  VerdictKind::kFatal},
        JudgeCase{"payment", 402, "{\"error\": \"Insufficient Balance\"}", VerdictKind::kFatal},
        JudgeCase{"loading", 503,
                  "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"x\"}}",
                  VerdictKind::kWait, Health::kAway},
        JudgeCase{"busy_503", 503, "", VerdictKind::kWait, Health::kAway, {{"retry-after", "2"}}},
        JudgeCase{"quota_never_retried",
                  429,
                  openai("x", "insufficient_quota", "x"),
                  VerdictKind::kFatal,
                  Health::kWell,
                  {{"x-should-retry", "true"}}}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    MayPass, JudgeStatus,
    ::testing::Values(JudgeCase{"s408", 408, "", VerdictKind::kTryAgain},
                      JudgeCase{"s409", 409, "", VerdictKind::kTryAgain},
                      JudgeCase{"s425", 425, "", VerdictKind::kTryAgain},
                      JudgeCase{"s500",
                                500,
                                "{\"error\": \"boom\"}",
                                VerdictKind::kTryAgain,
                                Health::kDoubtful,
                                {},
                                "boom"},
                      JudgeCase{"s502",
                                502,
                                "<html><head><title>Bad</title></head></html>",
                                VerdictKind::kTryAgain,
                                Health::kAway,
                                {},
                                "status 502: Bad"},
                      JudgeCase{"s503", 503, "", VerdictKind::kTryAgain, Health::kAway},
                      JudgeCase{"s504", 504, "", VerdictKind::kTryAgain, Health::kAway},
                      JudgeCase{"s522", 522, "", VerdictKind::kTryAgain, Health::kAway},
                      JudgeCase{"s529", 529, "", VerdictKind::kTryAgain, Health::kAway},
                      JudgeCase{"asked_to",
                                400,
                                "",
                                VerdictKind::kTryAgain,
                                Health::kWell,
                                {{"x-should-retry", "true"}}},
                      JudgeCase{"asked_not_to",
                                503,
                                "",
                                VerdictKind::kFailed,
                                Health::kAway,
                                {{"x-should-retry", "false"}}}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Fails, JudgeStatus,
    ::testing::Values(
        JudgeCase{"s400",
                  400,
                  openai("bad temperature", "x", "y"),
                  VerdictKind::kFailed,
                  Health::kWell,
                  {},
                  "status 400: bad temperature"},
        JudgeCase{"s404",
                  404,
                  "{\"detail\": \"Not Found\"}",
                  VerdictKind::kFailed,
                  Health::kWell,
                  {},
                  "model.name"},
        JudgeCase{"s405", 405, "", VerdictKind::kFailed},
        JudgeCase{"s413", 413, "", VerdictKind::kFailed},
        JudgeCase{"s415", 415, "", VerdictKind::kFailed},
        JudgeCase{"s422",
                  422,
                  "{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"wrong\",\"type\":\"t\"}]}",
                  VerdictKind::kFailed,
                  Health::kWell,
                  {},
                  "body.n: wrong"},
        JudgeCase{"s501", 501, "", VerdictKind::kFailed},
        JudgeCase{"content", 400, openai("filtered", "content_filter", "x"), VerdictKind::kFailed},
        JudgeCase{"moderated", 403, openai("flagged by moderation", "x", "x"),
                  VerdictKind::kFailed},
        JudgeCase{"s307",
                  307,
                  "",
                  VerdictKind::kFailed,
                  Health::kWell,
                  {{"location", "http://b/x"}},
                  "to http://b/x"},
        JudgeCase{"s401", 401, "", VerdictKind::kFatal, Health::kWell, {}, "model.key_variable"},
        JudgeCase{"s403", 403, "", VerdictKind::kFatal},
        JudgeCase{"s407", 407, "", VerdictKind::kFatal, Health::kWell, {}, "proxy"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    InStatus200, JudgeStatus,
    ::testing::Values(
        JudgeCase{"right", 200, "{\"choices\": [], \"error\": null}", VerdictKind::kAnswered},
        JudgeCase{"array", 200, "[{\"choices\": []}]", VerdictKind::kAnswered},
        JudgeCase{"error_503", 200, "{\"error\": {\"code\": 503, \"message\": \"m\"}}",
                  VerdictKind::kTryAgain, Health::kAway},
        JudgeCase{"error_503_text", 200, "{\"error\": {\"code\": \"503\"}}", VerdictKind::kTryAgain,
                  Health::kAway},
        JudgeCase{"error_400",
                  200,
                  "{\"error\": {\"code\": 400, \"message\": \"no\"}}",
                  VerdictKind::kFailed,
                  Health::kWell,
                  {},
                  "status 200 with an error inside"},
        JudgeCase{"error_named", 200, openai("m", "context_length_exceeded", "x"),
                  VerdictKind::kFailed},
        JudgeCase{"error_rate", 200, openai("m", "rate_limit_exceeded", "x"), VerdictKind::kWait},
        JudgeCase{"error_old", 200, "{\"object\": \"error\", \"message\": \"m\", \"code\": 400}",
                  VerdictKind::kFailed},
        JudgeCase{"error_unknown", 200, "{\"error\": \"m\"}", VerdictKind::kTryAgain,
                  Health::kDoubtful},
        JudgeCase{"empty", 200, "", VerdictKind::kMalformed},
        JudgeCase{"html",
                  200,
                  "<!DOCTYPE html><p>Hello</p>",
                  VerdictKind::kMalformed,
                  Health::kWell,
                  {{"content-type", "text/html; charset=utf-8"}},
                  "answer: Hello"},
        JudgeCase{"stream",
                  200,
                  "data: {}\n\n",
                  VerdictKind::kMalformed,
                  Health::kWell,
                  {{"content-type", "text/event-stream"}},
                  "stream"},
        JudgeCase{"no_json", 200, "hello", VerdictKind::kMalformed},
        JudgeCase{"two_documents", 200, "{} {}", VerdictKind::kMalformed},
        JudgeCase{"comma", 200, "{\"a\": 1,}", VerdictKind::kMalformed},
        JudgeCase{"bom", 200, "\xef\xbb\xbf{}", VerdictKind::kMalformed},
        JudgeCase{"bad_utf8", 200, "{\"a\": \"\xff\"}", VerdictKind::kMalformed},
        JudgeCase{"surrogate", 200, "{\"a\": \"\\ud800\"}", VerdictKind::kMalformed},
        JudgeCase{"nan", 200, "{\"a\": NaN}", VerdictKind::kMalformed},
        JudgeCase{"huge", 200, "{\"a\": 1e400}", VerdictKind::kMalformed},
        JudgeCase{"deep", 200, kDeep, VerdictKind::kMalformed}),
    [](const auto& tested) { return tested.param.name; });

TEST(Judge, SaysWhatAServerAsksToWait) {
  const Verdict verdict = verdict_on(429, "", {{"retry-after", "7"}});
  EXPECT_EQ(verdict.wait, 7.0);
  EXPECT_TRUE(verdict.holds_all);
  EXPECT_EQ(verdict_on(429, "").wait, std::nullopt);
  EXPECT_EQ(
      verdict_on(429, "",
                 {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "6m0s"}})
          .wait,
      360.0);
}

TEST(Judge, SaysHowManyTokensAreTooMany) {
  const std::vector<std::string> texts = {
      openai(
          "This model's maximum context length is 64 tokens. However, you requested 70 tokens (60 "
          "in the messages, 10 in the completion).",
          "context_length_exceeded", "invalid_request_error"),
      R"({"error":{"code":400,"message":"the request exceeds the available context size",)"
      R"("type":"exceed_context_size_error","n_prompt_tokens":70,"n_ctx":64}})",
      R"({"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 64. Given: )"
      R"(60 `inputs` tokens and 10 `max_new_tokens`","error_type":"validation"})",
      R"({"object":"error","message":"The decoder prompt (length 70) is longer than the maximum model )"
      R"(length of 64.","type":"BadRequestError","code":400})",
      R"({"error":{"message":"Requested tokens (70) exceed context window of 64","code":null}})"};
  for (const std::string& text : texts) {
    const Verdict verdict = verdict_on(400, text);
    EXPECT_EQ(verdict.kind, VerdictKind::kFailed);
    EXPECT_THAT(verdict.why, HasSubstr("too long for the model, 70 tokens asked, 64 allowed"));
  }
}

TEST(Judge, KeepsTheKeyOutOfTexts) {
  EXPECT_THAT(verdict_on(401, openai("Incorrect key sk-secret given", "invalid_api_key", "x")).why,
              Not(HasSubstr("sk-secret")));
  EXPECT_THAT(verdict_on(302, "", {{"location", "http://x/?k=sk-secret"}}).why,
              Not(HasSubstr("sk-secret")));
  EXPECT_THAT(verdict_on(400, std::string(190, 'a') + "sk-secret").why, Not(HasSubstr("sk-s")));
}

TEST(Judge, AsksTheCaller) {
  const HttpAnswer answer{.status = 200, .body = "{\"a\": [1]}"};
  const auto with = [&answer](AnswerCheck check) { return judge(answer, check, {}).kind; };
  EXPECT_EQ(with([](const nlohmann::json& json) { EXPECT_EQ(json["a"][0], 1); }),
            VerdictKind::kAnswered);
  EXPECT_EQ(with([](const nlohmann::json&) { throw MalformedAnswer("m"); }),
            VerdictKind::kMalformed);
  EXPECT_EQ(with([](const nlohmann::json&) { throw UselessAnswer("u"); }), VerdictKind::kFailed);
  EXPECT_EQ(with([](const nlohmann::json& json) { static_cast<void>(json.at("b")); }),
            VerdictKind::kMalformed);
}

TEST(Judge, TellsFaultsApart) {
  struct FaultCase {
    HttpFault fault;
    VerdictKind kind;
    Health health;
    int status = 0;
    bool has_spoken_http = false;
  };
  for (const FaultCase& tested :
       {FaultCase{HttpFault::kNoConnection, VerdictKind::kWait, Health::kAway},
        FaultCase{HttpFault::kTls, VerdictKind::kFatal, Health::kDoubtful},
        FaultCase{HttpFault::kProxy, VerdictKind::kFatal, Health::kDoubtful, 407},
        FaultCase{HttpFault::kProxy, VerdictKind::kTryAgain, Health::kDoubtful, 502},
        FaultCase{HttpFault::kLostUnused, VerdictKind::kSendAgain, Health::kUnknown},
        FaultCase{HttpFault::kLost, VerdictKind::kTryAgain, Health::kDoubtful},
        FaultCase{HttpFault::kCut, VerdictKind::kTryAgain, Health::kDoubtful},
        FaultCase{HttpFault::kNoFirstByte, VerdictKind::kTryAgain, Health::kDoubtful},
        FaultCase{HttpFault::kStalled, VerdictKind::kTryAgain, Health::kDoubtful},
        FaultCase{HttpFault::kTooLarge, VerdictKind::kFailed, Health::kWell},
        FaultCase{HttpFault::kWrongEncoding, VerdictKind::kMalformed, Health::kWell},
        FaultCase{HttpFault::kNotHttp, VerdictKind::kFatal, Health::kDoubtful},
        FaultCase{HttpFault::kNotHttp, VerdictKind::kMalformed, Health::kDoubtful, 0, true}}) {
    const HttpAnswer answer{.status = tested.status, .fault = tested.fault, .why = "it broke"};
    const Verdict verdict = judge(answer, {}, {.has_spoken_http = tested.has_spoken_http});
    EXPECT_EQ(verdict.kind, tested.kind) << static_cast<int>(tested.fault);
    EXPECT_EQ(verdict.health, tested.health) << static_cast<int>(tested.fault);
    EXPECT_THAT(verdict.why, HasSubstr("it broke"));
  }
}

}  // namespace
}  // namespace bbprompt
