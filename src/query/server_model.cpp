#include "bbprompt/query/server_model.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "query/answer_journal.hpp"
#include "query/call_queue.hpp"
#include "query/scoring_route.hpp"
#include "query/server_key.hpp"
#include "query/whole_queries.hpp"

namespace bbprompt {
namespace {

constexpr std::uint64_t kNoScoreYet = 0;

}  // namespace

struct ServerModel::OpenRequest {
  ScoreRequest request;
  AnswerScores scores;
  std::vector<bool> is_bad;  // queries of which a call failed
  std::size_t num_open = 0;  // calls
  std::exception_ptr fatal;

  // Parts come in any order; they are added in that of their calls, so that sums have equal bits.
  struct Part {
    std::size_t call = 0;
    Eigen::Index query = 0;
    ScorePart part;
  };
  std::vector<Part> parts;
};

struct ServerModel::OpenCall {
  std::uint64_t request = 0;
  std::size_t place = 0;  // among the calls of the request
  RouteCall call;
  std::string name;  // in the journal
};

ServerModel::ServerModel(std::shared_ptr<const ServerView> view, const ServerOptions& options,
                         ServerFindings findings, int rank, const std::filesystem::path& journal)
    : view_(std::move(view)), findings_(std::move(findings)) {
  if (findings_.route == Route::kAuto) throw Error("a server must be probed before it is asked");
  if (findings_.route != Route::kAnswerScores) route_ = make_route(RequestForm(options, findings_));
  queue_ = std::make_unique<CallQueue>(options, read_key(options), rank);
  journal_ = std::make_unique<AnswerJournal>(journal, rank);
}

ServerModel::~ServerModel() = default;

// Two items' worth of requests, whatever their size: while one is finished, the other is asked.
int ServerModel::slots_of(const ServerOptions& options) {
  constexpr int kRequestsOfAnItem = 4;
  return std::max(2, options.requests / kRequestsOfAnItem);
}

std::vector<RouteCall> ServerModel::calls_of(const ScoreRequest& request, OpenRequest& open) {
  if (route_ == nullptr) {
    for (const Query& query : request.queries) {
      const ServerView::Prompt prompt = view_->prompt(query, num_reserved_for(request.answers));
      open.scores.usage.num_truncated += prompt.is_truncated ? 1 : 0;
      open.scores.usage.num_tokens += view_->count_tokens_with(query, request.answers);
    }
    return {whole_queries_call(*view_, request)};
  }
  Question question;
  for (const Answer& answer : request.answers)
    question.answers.push_back(server_answer(*view_, answer));
  const int num_reserved = num_reserved_for(request.answers);
  std::vector<RouteCall> calls;
  for (std::size_t i = 0; i < request.queries.size(); ++i) {
    ServerView::Prompt prompt = view_->prompt(request.queries[i], num_reserved);
    open.scores.usage.num_truncated += prompt.is_truncated ? 1 : 0;
    open.scores.usage.num_tokens += view_->count_tokens_with(request.queries[i], request.answers);
    question.prompt = {.ids = std::move(prompt.ids), .text = std::move(prompt.text)};
    for (RouteCall& call : route_->calls(question)) {
      call.query = i;
      calls.push_back(std::move(call));
    }
  }
  return calls;
}

void ServerModel::start(ScoreRequest request) {
  OpenRequest open;
  const auto num_queries = static_cast<Eigen::Index>(request.queries.size());
  const auto num_answers = static_cast<Eigen::Index>(request.answers.size());
  open.scores.scores = Eigen::MatrixXd::Zero(num_queries, num_answers);
  open.scores.states = AnswerScores::States::Constant(num_queries, num_answers, ScoreState::kExact);
  open.scores.usage = {.num_queries = num_queries, .num_calls = 1};
  open.is_bad.assign(request.queries.size(), false);
  const std::uint64_t id = request.id;
  std::vector<RouteCall> calls;
  try {
    calls = calls_of(request, open);
  } catch (const Error&) {
    failed_.push_back({.id = id, .scores = {}, .error = std::current_exception()});
    return;
  }
  open.num_open = calls.size();
  open.request = std::move(request);
  requests_.emplace(id, std::move(open));
  std::size_t place = 0;
  for (RouteCall& call : calls) {
    OpenCall opened{.request = id,
                    .place = place++,
                    .call = {},
                    .name = AnswerJournal::name_of(call.path, call.body)};
    opened.call = std::move(call);
    if (const RouteReply* known = journal_->find(opened.name)) {
      use(opened, *known);
    } else {
      begin(std::move(opened));
    }
  }
}

void ServerModel::begin(OpenCall opened) {
  const std::uint64_t number = ++num_calls_;
  const RouteCall& call = opened.call;
  queue_->start(
      {.id = number,
       .path = call.path,
       .body = call.body,
       .num_tokens = std::max<std::int64_t>(call.num_prompt_tokens, 0) + 1,
       .check = [read = call.read](const nlohmann::json& answer) { (void)read(answer); }});
  calls_.emplace(number, std::move(opened));
}

// Keeps what an answer tells of the scores of its request.
void ServerModel::use(const OpenCall& opened, const RouteReply& reply) {
  OpenRequest& open = requests_.at(opened.request);
  --open.num_open;
  for (const ScorePart& part : reply.parts) {
    const auto query =
        static_cast<Eigen::Index>(opened.call.covers_all ? part.query : opened.call.query);
    if (query >= open.scores.scores.rows() ||
        static_cast<Eigen::Index>(part.answer) >= open.scores.scores.cols())
      throw Error("an answer of the journal is of another request");
    open.parts.push_back({.call = opened.place, .query = query, .part = part});
  }
}

void ServerModel::take(FinishedCall finished) {
  const auto entry = calls_.extract(finished.id);
  if (entry.empty()) throw Error("a call was answered twice");
  const OpenCall& opened = entry.mapped();
  Usage& usage = requests_.at(opened.request).scores.usage;
  usage.num_requests += finished.num_requests;
  usage.num_cut_answers += finished.num_cut;
  if (finished.outcome != CallOutcome::kAnswered) return mark_bad(opened, finished);
  const RouteReply reply = opened.call.read(finished.answer);
  if (finished.num_requests > 0) {
    usage.num_prompt_tokens += reply.usage.prompt_tokens >= 0
                                   ? reply.usage.prompt_tokens
                                   : std::max<std::int64_t>(opened.call.num_prompt_tokens, 0);
    usage.num_completion_tokens += std::max<std::int64_t>(reply.usage.completion_tokens, 0);
  }
  check_identity(reply.identity);
  journal_->add(opened.name, reply);
  use(opened, reply);
}

// A server may have been started again with another model.
void ServerModel::check_identity(const ServerIdentity& now) {
  const auto differs = [](const std::string& found, const std::string& known) {
    return !found.empty() && !known.empty() && found != known;
  };
  if (is_warned_ ||
      !(differs(now.model, findings_.model) || differs(now.fingerprint, findings_.fingerprint)))
    return;
  is_warned_ = true;
  logger()->warn(
      "model {}: the server answers as {} {}, and it was {} {} when it was probed; scores of two "
      "models may be mixed",
      view_->info().name, now.model, now.fingerprint, findings_.model, findings_.fingerprint);
}

void ServerModel::mark_bad(const OpenCall& opened, const FinishedCall& finished) {
  OpenRequest& open = requests_.at(opened.request);
  --open.num_open;
  AnswerScores& scores = open.scores;
  const bool is_refused = finished.outcome == CallOutcome::kFailed;
  scores.why = finished.why;
  scores.unknown_are =
      std::max(scores.unknown_are, is_refused ? UnknownScores::kRefused : UnknownScores::kNotYet);
  scores.retry_after_seconds = std::max(scores.retry_after_seconds, finished.retry_after_seconds);
  const std::size_t begin = opened.call.covers_all ? 0 : opened.call.query;
  const std::size_t end = opened.call.covers_all ? open.is_bad.size() : begin + 1;
  for (std::size_t query = begin; query < end; ++query) open.is_bad[query] = true;
  if (finished.outcome == CallOutcome::kFatal)
    open.fatal = std::make_exception_ptr(ModelLostError(finished.why));
}

FinishedScore ServerModel::close(std::uint64_t id, OpenRequest& open) const {
  if (open.fatal) return {.id = id, .scores = {}, .error = open.fatal};
  std::stable_sort(open.parts.begin(), open.parts.end(),
                   [](const auto& a, const auto& b) { return a.call < b.call; });
  for (const auto& [call, query, part] : open.parts) {
    const auto answer = static_cast<Eigen::Index>(part.answer);
    open.scores.scores(query, answer) += part.value;
    ScoreState& state = open.scores.states(query, answer);
    state = std::max(state, part.state);
  }
  for (std::size_t q = 0; q < open.is_bad.size(); ++q) {
    if (open.is_bad[q])
      open.scores.states.row(static_cast<Eigen::Index>(q)).setConstant(ScoreState::kUnknown);
  }
  return {.id = id, .scores = std::move(open.scores), .error = {}};
}

std::vector<FinishedScore> ServerModel::finish(double timeout_seconds) {
  std::vector<FinishedScore> finished = std::exchange(failed_, {});
  const double patience = finished.empty() ? timeout_seconds : 0.0;
  for (FinishedCall& call : queue_->finish(patience)) take(std::move(call));
  for (auto open = requests_.begin(); open != requests_.end();) {
    if (open->second.num_open > 0) {
      ++open;
      continue;
    }
    finished.push_back(close(open->first, open->second));
    open = requests_.erase(open);
  }
  return finished;
}

AnswerScores ServerModel::score(std::span<const Query> queries, std::span<const Answer> answers) {
  start({.id = kNoScoreYet,
         .queries = {queries.begin(), queries.end()},
         .answers = {answers.begin(), answers.end()}});
  constexpr double kLookSeconds = 1.0;
  for (;;) {
    for (FinishedScore& done : finish(kLookSeconds)) {
      if (done.id != kNoScoreYet) throw Error("a request was started beside a call of score()");
      if (done.error) std::rethrow_exception(done.error);
      return std::move(done.scores);
    }
  }
}

}  // namespace bbprompt
