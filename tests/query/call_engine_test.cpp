#include "query/call_engine.hpp"

#include <gmock/gmock.h>

#include <map>

#include "bbprompt/base/error.hpp"
#include "tests/query/fake_transport.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using testing::answered;
using ::testing::ElementsAre;
using testing::fake_parts;
using testing::FakeWorld;
using testing::faulty;
using ::testing::HasSubstr;
using testing::Headers;

ServerOptions options(std::vector<std::string> urls = {"http://a"}) {
  ServerOptions result;
  result.urls = std::move(urls);
  return result;
}

Call call(std::uint64_t id, const std::string& body = "") {
  return {.id = id, .path = "/v1/completions", .body = body.empty() ? std::to_string(id) : body};
}

// All that comes of the calls that were started.
std::map<std::uint64_t, FinishedCall> finish_all(CallEngine& engine) {
  std::map<std::uint64_t, FinishedCall> all;
  for (int i = 0; i < 100000 && engine.num_open() > 0; ++i) {
    for (FinishedCall& finished : engine.finish(10.0)) {
      EXPECT_TRUE(all.emplace(finished.id, finished).second) << "twice: " << finished.id;
    }
  }
  EXPECT_EQ(engine.num_open(), 0U);
  return all;
}

FinishedCall finish_one(CallEngine& engine) {
  engine.start(call(1));
  auto all = finish_all(engine);
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? FinishedCall{} : all.begin()->second;
}

// Answers one after another; the last one for good.
std::function<HttpAnswer(const HttpRequest&)> in_turn(std::vector<HttpAnswer> answers) {
  return [answers = std::move(answers), next = std::size_t{0}](const HttpRequest&) mutable {
    return answers[std::min(next++, answers.size() - 1)];
  };
}

std::vector<double> gaps(const FakeWorld& world) {
  std::vector<double> result;
  const auto times = world.times();
  for (std::size_t i = 1; i < times.size(); ++i) result.push_back(times[i] - times[i - 1]);
  return result;
}

TEST(CallEngine, AnswersCalls) {
  FakeWorld world;
  world.script = [](const HttpRequest& request) { return answered(200, "[" + request.body + "]"); };
  CallEngine engine(options({"http://a/v1"}), fake_parts(world));
  EXPECT_TRUE(engine.finish(1.0).empty());
  EXPECT_EQ(world.now, 1000.0);
  for (std::uint64_t id = 0; id < 50; ++id) engine.start(call(id));
  EXPECT_EQ(engine.num_open(), 50U);
  const auto all = finish_all(engine);
  ASSERT_EQ(all.size(), 50U);
  for (const auto& [id, finished] : all) {
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered);
    EXPECT_EQ(finished.answer[0], id);
    EXPECT_EQ(finished.num_requests, 1);
    EXPECT_EQ(finished.status, 200);
  }
  EXPECT_EQ(world.sent[0].request.url, "http://a/v1/completions");
}

TEST(CallEngine, KeepsAsManyUnderWayAsAllowed) {
  FakeWorld world;
  world.script = in_turn({answered(200, "1")});
  ServerOptions few = options();
  few.requests = 3;
  CallEngine engine(few, fake_parts(world));
  for (std::uint64_t id = 0; id < 9; ++id) engine.start(call(id));
  finish_all(engine);
  std::map<double, int> by_time;
  for (const double time : world.times()) ++by_time[time];
  EXPECT_EQ(by_time.size(), 3U);
  for (const auto& [time, count] : by_time) EXPECT_EQ(count, 3) << time;
}

TEST(CallEngine, SendsEqualCallsOnce) {
  FakeWorld world;
  world.script = in_turn({answered(200, "7")});
  CallEngine engine(options(), fake_parts(world));
  engine.start(call(1, "same"));
  engine.start(call(2, "same"));
  Call refused = call(3, "same");
  refused.check = [](const nlohmann::json&) { throw UselessAnswer("not for me"); };
  engine.start(refused);
  engine.start(call(4, "other"));
  auto all = finish_all(engine);
  EXPECT_EQ(world.sent.size(), 2U);
  EXPECT_EQ(all[1].answer, 7);
  EXPECT_EQ(all[2].answer, 7);
  EXPECT_EQ(all[1].num_requests, 1);
  EXPECT_EQ(all[2].num_requests, 0);
  EXPECT_EQ(all[3].outcome, CallOutcome::kFailed);
  EXPECT_THAT(all[3].why, HasSubstr("not for me"));
  engine.start(call(5, "same"));
  EXPECT_EQ(finish_all(engine)[5].num_requests, 1);
}

TEST(CallEngine, WaitsForALimitWithoutUsingUpTries) {
  FakeWorld world;
  world.script = [&world](const HttpRequest&) {
    return world.sent.size() <= 8 ? answered(429, "", {{"retry-after", "2"}}) : answered(200, "1");
  };
  ServerOptions one_try = options();
  one_try.tries = 1;
  one_try.requests = 1;
  CallEngine engine(one_try, fake_parts(world));
  engine.start(call(1));
  engine.start(call(2));
  auto all = finish_all(engine);
  EXPECT_EQ(all[1].outcome, CallOutcome::kAnswered) << all[1].why;
  EXPECT_EQ(all[2].outcome, CallOutcome::kAnswered);
  EXPECT_EQ(world.sent.size(), 10U);
  const auto pauses = gaps(world);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_GE(pauses[i], 2.0 - 1e-9);
}

TEST(CallEngine, BacksOffFromLimitsWithoutHeaders) {
  FakeWorld world;
  world.script =
      in_turn({answered(429, ""), answered(429, ""), answered(429, ""), answered(200, "1")});
  CallEngine engine(options(), fake_parts(world));
  EXPECT_EQ(finish_one(engine).outcome, CallOutcome::kAnswered);
  const auto pauses = gaps(world);
  ASSERT_EQ(pauses.size(), 3U);
  EXPECT_LT(pauses[0], pauses[1]);
  EXPECT_LT(pauses[1], pauses[2]);
  FakeWorld other;
  other.script = world.script;
  other.script =
      in_turn({answered(429, ""), answered(429, ""), answered(429, ""), answered(200, "1")});
  CallEngine second(options(), fake_parts(other, 1));
  finish_one(second);
  EXPECT_NE(gaps(other), pauses);  // another rank
}

TEST(CallEngine, HoldsAllCallsWhenALimitIsUsedUp) {
  FakeWorld world;
  world.script = in_turn(
      {answered(200, "1",
                {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1s"}}),
       answered(200, "1",
                {{"x-ratelimit-remaining-requests", "-1"}, {"x-ratelimit-reset-requests", "0"}})});
  ServerOptions single = options();
  single.requests = 1;
  CallEngine engine(single, fake_parts(world));
  for (std::uint64_t id = 0; id < 3; ++id) engine.start(call(id));
  finish_all(engine);
  const auto pauses = gaps(world);
  EXPECT_GE(pauses[0], 1.0);
  EXPECT_LT(pauses[1], 0.5);
}

TEST(CallEngine, HandsBackWhatMustWaitLong) {
  FakeWorld world;
  world.script = in_turn({answered(429, "", {{"retry-after", "90"}})});
  ServerOptions single = options();
  single.requests = 1;
  CallEngine engine(single, fake_parts(world));
  engine.start(call(1));
  engine.start(call(2));
  auto all = finish_all(engine);
  EXPECT_EQ(world.sent.size(), 1U);
  EXPECT_EQ(all[1].outcome, CallOutcome::kNotNow);
  EXPECT_EQ(all[1].retry_after_seconds, 90.0);
  EXPECT_EQ(all[2].outcome, CallOutcome::kNotNow);
  EXPECT_NEAR(all[2].retry_after_seconds, 90.0, 0.1);
  EXPECT_EQ(all[2].num_requests, 0);
}

TEST(CallEngine, StopsAtAWaitThatIsTooLong) {
  FakeWorld world;
  world.script = in_turn({answered(429, "", {{"retry-after", "86400"}})});
  CallEngine engine(options(), fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kFatal);
  EXPECT_THAT(finished.why, AllOf(HasSubstr("http://a/v1/completions: status 429"),
                                  HasSubstr("until 1970-01-02 00:16:40 UTC")));
}

TEST(CallEngine, StopsAtALimitThatNeverEnds) {
  FakeWorld world;
  world.script = in_turn({answered(429, "busy")});
  CallEngine engine(options(), fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kFatal);
  EXPECT_THAT(finished.why, HasSubstr("busy, for more than 600 s"));
}

TEST(CallEngine, TriesAgainWhatMayPass) {
  for (const int status : {408, 409, 425, 500, 502, 503, 504, 529}) {
    FakeWorld world;
    world.script = in_turn({answered(status, "a"), answered(status, "b"), answered(200, "1")});
    CallEngine engine(options(), fake_parts(world));
    const FinishedCall finished = finish_one(engine);
    EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << status << finished.why;
    EXPECT_EQ(finished.num_requests, 3);
  }
}

TEST(CallEngine, FailsAfterItsTries) {
  FakeWorld world;
  world.script = in_turn({faulty(HttpFault::kStalled)});
  CallEngine engine(options(), fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kFailed);
  EXPECT_EQ(finished.num_requests, 5);
  EXPECT_THAT(finished.why, HasSubstr("(asked 5 times)"));
  Call once = call(2);
  once.num_tries = 1;
  engine.start(once);
  EXPECT_EQ(finish_all(engine)[2].num_requests, 1);
}

TEST(CallEngine, FailsACallWhose500RepeatsItsText) {
  FakeWorld world;
  world.script = [](const HttpRequest& request) {
    return request.body.starts_with("bad") ? answered(500, "no such token") : answered(200, "1");
  };
  CallEngine engine(options(), fake_parts(world));
  for (std::uint64_t id = 0; id < 20; ++id) engine.start(call(id, "bad" + std::to_string(id)));
  auto all = finish_all(engine);
  for (const auto& [id, finished] : all) {
    EXPECT_EQ(finished.outcome, CallOutcome::kFailed) << finished.why;
    EXPECT_EQ(finished.num_requests, 3);
  }
  const double before = world.now;
  engine.start(call(21, "good"));
  EXPECT_EQ(finish_all(engine)[21].outcome, CallOutcome::kAnswered);
  EXPECT_LT(world.now - before, 0.1);  // the server does not count as away
}

TEST(CallEngine, AServerWhose500sDifferCountsAsAway) {
  FakeWorld world;
  world.script = [&world](const HttpRequest&) {
    return answered(500, "trace " + std::to_string(world.sent.size()));
  };
  CallEngine engine(options(), fake_parts(world));
  for (std::uint64_t id = 0; id < 40; ++id) engine.start(call(id));
  const auto all = finish_all(engine);
  EXPECT_EQ(all.at(39).outcome, CallOutcome::kNotNow) << all.at(39).why;
}

TEST(CallEngine, AsksAFewTimesForAWellFormedAnswer) {
  FakeWorld world;
  world.script = in_turn({answered(200, "<p>")});
  CallEngine engine(options(), fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kFailed);
  EXPECT_EQ(finished.num_requests, 3);
  world.script = in_turn({answered(200, ""), answered(200, "{}{}"), answered(200, "1")});
  EXPECT_EQ(finish_one(engine).outcome, CallOutcome::kAnswered);
}

TEST(CallEngine, SendsAgainWhatAKeptConnectionLost) {
  FakeWorld world;
  world.script = in_turn({faulty(HttpFault::kLostUnused), answered(200, "1")});
  ServerOptions one_try = options();
  one_try.tries = 1;
  CallEngine engine(one_try, fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kAnswered);
  EXPECT_EQ(finished.num_requests, 2);
  EXPECT_EQ(world.sent[0].request.connection, ConnectionUse::kAny);
  EXPECT_EQ(world.sent[1].request.connection, ConnectionUse::kFresh);
  EXPECT_NEAR(gaps(world)[0], world.latency, 1e-9);
}

TEST(CallEngine, CountsAnswersThatWereCut) {
  FakeWorld world;
  HttpAnswer cut = faulty(HttpFault::kCut);
  cut.has_begun = true;
  world.script = in_turn({cut, faulty(HttpFault::kLost), answered(200, "1")});
  CallEngine engine(options(), fake_parts(world));
  const FinishedCall finished = finish_one(engine);
  EXPECT_EQ(finished.outcome, CallOutcome::kAnswered);
  EXPECT_EQ(finished.num_cut, 1);
  EXPECT_EQ(finished.num_requests, 3);
}

TEST(CallEngine, StopsAtAWrongKey) {
  FakeWorld world;
  world.script = in_turn({answered(401, "wrong")});
  ServerOptions single = options();
  single.requests = 1;
  CallEngine engine(single, fake_parts(world));
  for (std::uint64_t id = 0; id < 5; ++id) engine.start(call(id));
  Call elsewhere = call(9);
  elsewhere.path = "/tokenize";
  engine.start(elsewhere);
  auto all = finish_all(engine);
  EXPECT_EQ(world.sent.size(), 2U);  // one for each route
  for (const auto& [id, finished] : all) EXPECT_EQ(finished.outcome, CallOutcome::kFatal);
  EXPECT_EQ(all[4].num_requests, 0);
}

TEST(CallEngine, WaitsForAServerThatIsNotUpYet) {
  for (const HttpAnswer& not_up : {faulty(HttpFault::kNoConnection),
                                   answered(503, "{\"error\":{\"message\":\"Loading model\"}}")}) {
    FakeWorld world;
    world.script = [&](const HttpRequest&) {
      return world.now < 1002.0 ? not_up : answered(200, "1");
    };
    ServerOptions one_try = options();
    one_try.tries = 1;
    CallEngine engine(one_try, fake_parts(world));
    for (std::uint64_t id = 0; id < 20; ++id) engine.start(call(id));
    for (const auto& [id, finished] : finish_all(engine)) {
      EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
    }
    EXPECT_LT(world.now, 1005.0);
  }
}

TEST(CallEngine, SendsTestCallsAloneWhileAServerIsAway) {
  FakeWorld world;
  world.script = in_turn({answered(503, "down")});
  CallEngine engine(options(), fake_parts(world));
  for (std::uint64_t id = 0; id < 40; ++id) engine.start(call(id));
  const auto all = finish_all(engine);
  for (const auto& [id, finished] : all) {
    EXPECT_EQ(finished.outcome, CallOutcome::kNotNow) << finished.why;
    EXPECT_GT(finished.retry_after_seconds, 3.0);
    EXPECT_THAT(finished.why, HasSubstr("the server is away: status 503: down"));
  }
  // 16 at once, then tests after 0.5, 1 and 2 seconds.
  EXPECT_EQ(world.sent.size(), 19U);
  world.script = in_turn({answered(200, "1")});
  engine.start(call(50));
  EXPECT_EQ(finish_all(engine)[50].outcome, CallOutcome::kNotNow);
  world.now += 5.0;
  engine.start(call(51));
  EXPECT_EQ(finish_all(engine)[51].outcome, CallOutcome::kAnswered);
}

TEST(CallEngine, AServerThatIsAwayForLongStopsTheRun) {
  FakeWorld world;
  world.script = in_turn({faulty(HttpFault::kNoConnection)});
  CallEngine engine(options(), fake_parts(world));
  FinishedCall last;
  for (int i = 0; i < 1000 && last.outcome != CallOutcome::kFatal; ++i) {
    last = finish_one(engine);
    world.now += last.retry_after_seconds;
  }
  EXPECT_EQ(last.outcome, CallOutcome::kFatal);
  EXPECT_THAT(last.why, AllOf(HasSubstr("600 s"), HasSubstr("a fault of the script")));
  EXPECT_NEAR(world.now, 1600.0, 60.0);
  EXPECT_EQ(last.num_requests, 0);
}

TEST(CallEngine, SpreadsRanksOverServersAndLeavesTheDead) {
  for (const int rank : {0, 1}) {
    FakeWorld world;
    world.script = [](const HttpRequest& request) {
      return request.url.starts_with("http://a") ? faulty(HttpFault::kNoConnection)
                                                 : answered(200, "1");
    };
    CallEngine engine(options({"http://a", "http://b"}), fake_parts(world, rank));
    for (std::uint64_t id = 0; id < 60; ++id) engine.start(call(id));
    for (const auto& [id, finished] : finish_all(engine)) {
      EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
    }
    EXPECT_EQ(world.sent[0].request.url.starts_with("http://a"), rank == 0);
    EXPECT_LT(world.now, 1000.5);  // nobody waits for the dead one
    EXPECT_LE(world.sent.size(), 76U);
  }
}

TEST(CallEngine, KeepsToTheLimitOfItsRank) {
  FakeWorld world;
  world.latency = 0.2;
  world.script = in_turn({answered(200, "1")});
  ServerOptions limited = options();
  limited.limits.requests_per_minute = 10.0;
  EngineParts parts = fake_parts(world);
  parts.window_seconds = 2.0;
  CallEngine engine(limited, std::move(parts));
  for (std::uint64_t id = 0; id < 40; ++id) engine.start(call(id));
  finish_all(engine);
  const auto times = world.times();
  for (std::size_t i = 10; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 10], 2.0);
  EXPECT_LT(world.now, 1012.0);
}

TEST(CallEngine, RefusesOptionsThatCannotWork) {
  FakeWorld world;
  EXPECT_THROW(CallEngine(options({}), fake_parts(world)), Error);
  EXPECT_THROW(CallEngine(options({"host"}), fake_parts(world)), Error);
  ServerOptions none = options();
  none.requests = 0;
  EXPECT_THROW(CallEngine(none, fake_parts(world)), Error);
}

// Whatever comes, each call ends once, and calls that are answered were asked for in this body.
TEST(CallEngine, LosesNothingInAMixOfFaults) {
  for (int rank = 0; rank < 20; ++rank) {
    RandomStream random({.seed = 14, .trial = static_cast<std::uint64_t>(rank), .purpose = "mix"});
    const std::vector<HttpAnswer> faults = {answered(429, "", {{"retry-after", "2"}}),
                                            answered(429, ""),
                                            answered(500, "x"),
                                            answered(503, ""),
                                            answered(408, ""),
                                            answered(200, "{\"error\": {\"code\": 503}}"),
                                            answered(200, ""),
                                            faulty(HttpFault::kCut),
                                            faulty(HttpFault::kLost),
                                            faulty(HttpFault::kLostUnused),
                                            faulty(HttpFault::kNoFirstByte),
                                            answered(200, "[1")};
    FakeWorld world;
    world.script = [&](const HttpRequest& request) {
      return random.uniform() < 0.2 ? faults[random.below(faults.size())]
                                    : answered(200, request.body);
    };
    CallEngine engine(options({"http://a", "http://b"}), fake_parts(world, rank));
    for (std::uint64_t id = 0; id < 300; ++id) engine.start(call(id));
    const auto all = finish_all(engine);
    EXPECT_EQ(all.size(), 300U);
    std::int64_t num_requests = 0;
    for (const auto& [id, finished] : all) {
      EXPECT_EQ(finished.outcome, CallOutcome::kAnswered) << finished.why;
      EXPECT_EQ(finished.answer, id);
      num_requests += finished.num_requests;
    }
    EXPECT_EQ(num_requests, static_cast<std::int64_t>(world.sent.size()));
  }
}

}  // namespace
}  // namespace bbprompt
