// What the client makes of each exchange that was recorded from a real llama.cpp server: the value
// that stands there, or a refusal.
#include "tests/query/recordings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "query/call_queue.hpp"
#include "query/verdict.hpp"
#include "query/wire.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

struct Exchange {
  std::string name;
  std::string path;
  HttpAnswer answer;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

HttpAnswer answer_of(const json& response) {
  HttpAnswer answer;
  answer.status = response["status"].get<int>();
  if (response.contains("body") && response["body"].is_string())
    answer.body = response["body"].get<std::string>();
  if (!response.contains("headers") || !response["headers"].is_object()) return answer;
  for (const auto& [name, value] : response["headers"].items())
    answer.headers.emplace_back(lower(name), value.get<std::string>());
  return answer;
}

// All exchanges that came to a whole answer.
std::vector<Exchange> exchanges() {
  std::vector<Exchange> all;
  const auto folder = testing::shared_folder() / "servers/llama.cpp";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const json exchange = json::parse(testing::read_text(entry.path()));
    if (!exchange.contains("request") || !exchange["request"].is_object()) continue;
    const json& response = exchange["response"];
    if (!response["status"].is_number() || response["status"] == 100) continue;
    if (response.contains("transport_error") && !response["transport_error"].is_null()) continue;
    all.push_back({.name = entry.path().parent_path().filename().string() + "/" +
                           entry.path().stem().string(),
                   .path = exchange["request"]["path"].get<std::string>(),
                   .answer = answer_of(response)});
  }
  std::sort(all.begin(), all.end(),
            [](const Exchange& a, const Exchange& b) { return a.name < b.name; });
  return all;
}

bool is_scoring(const Exchange& exchange) {
  return exchange.path == "/completion" || exchange.path == "/v1/completions" ||
         exchange.path == "/v1/chat/completions" || exchange.path == "/chat/completions";
}

Verdict judge_recorded(const Exchange& exchange) {
  AnswerCheck check;
  if (is_scoring(exchange)) check = [](const json& answer) { (void)read_next_token(answer); };
  return judge(exchange.answer, check, {.has_spoken_http = true});
}

TEST(RecordedExchanges, AreAnswersOrRefusalsByWhatStandsThere) {
  BBPROMPT_REQUIRE_RECORDINGS();
  std::map<VerdictKind, int> counts;
  for (const Exchange& exchange : exchanges()) {
    const Verdict verdict = judge_recorded(exchange);
    ++counts[verdict.kind];
    const json body = json::parse(exchange.answer.body, nullptr, false);
    const int status = exchange.answer.status;
    if (status == 200 && body.is_object() && !body.contains("error")) {
      EXPECT_EQ(verdict.kind, VerdictKind::kAnswered) << exchange.name << ": " << verdict.why;
    } else if (status == 200 && is_scoring(exchange)) {
      // Empty, several answers in a list, a stream of events, no JSON.
      EXPECT_EQ(verdict.kind, VerdictKind::kMalformed) << exchange.name << ": " << verdict.why;
    } else if (status == 401) {
      EXPECT_EQ(verdict.kind, VerdictKind::kFatal) << exchange.name;
    } else if (status >= 400 && status < 500) {
      EXPECT_EQ(verdict.kind, VerdictKind::kFailed) << exchange.name << ": " << verdict.why;
    } else if (status >= 500) {
      EXPECT_TRUE(verdict.kind == VerdictKind::kTryAgain || verdict.kind == VerdictKind::kWait ||
                  verdict.kind == VerdictKind::kFailed)
          << exchange.name << ": " << verdict.why;
      // 500 is this server's word for a client's fault: the same text again and again ends it.
      if (status == 500) {
        EXPECT_TRUE(verdict.is_permanent_if_repeated || verdict.kind == VerdictKind::kFailed)
            << exchange.name;
      }
    }
    if (verdict.kind != VerdictKind::kAnswered) {
      EXPECT_FALSE(verdict.why.empty()) << exchange.name;
      EXPECT_LT(verdict.why.size(), 600U) << exchange.name;
      EXPECT_EQ(verdict.why.find("<html"), std::string::npos) << exchange.name;
    }
  }
  EXPECT_GT(counts[VerdictKind::kAnswered], 150);
  EXPECT_GT(counts[VerdictKind::kFailed], 15);
  EXPECT_GT(counts[VerdictKind::kMalformed], 10);
}

}  // namespace
}  // namespace bbprompt
