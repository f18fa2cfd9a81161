#include "bbprompt/query/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "query/answer_steps.hpp"
#include "query/probe_calls.hpp"
#include "query/probe_sample.hpp"
#include "query/scoring_route.hpp"
#include "query/server_key.hpp"
#include "query/whole_queries.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

// Lengths of the list of best tokens, as servers allow them.
constexpr std::array<int, 3> kListLengths = {20, 5, 1};
// A whole vocabulary of more tokens is megabytes for each request.
constexpr std::size_t kMostWholeVocabulary = 4096;
// Between two ways to the same number.
constexpr double kSameValue = 1e-2;
// Finds the way to ask one server.
class Probe {
 public:
  explicit Probe(const ServerView& view)
      : view_(view),
        options_(view.options()),
        sample_(view),
        calls_(options_, read_key(options_)) {}

  ServerFindings run() {
    look_at_models();
    std::string problem = "another route is asked for";
    if (options_.route == Route::kAuto || options_.route == Route::kAnswerScores)
      problem = test_answer_scores();
    if (!problem.empty()) {
      not_used_.push_back("answer_scores: " + problem);
      found_.refused = not_used_;
      if (is_pinned() && options_.route != Route::kAnswerScores) not_used_.clear();
      if (options_.is_masked || options_.route == Route::kAnswerScores)
        fail("expected `bbprompt serve`, which scores whole queries:");
      find_plain_list();
      choose_route();
      measure_noise();
    }
    found_.num_requests = calls_.num_requests;
    found_.num_prompt_tokens = calls_.num_prompt_tokens;
    found_.num_completion_tokens = calls_.num_completion_tokens;
    return std::move(found_);
  }

 private:
  struct Way {
    Route route;
    std::function<std::string(ServerFindings&)> test;  // empty: it works
  };

  [[nodiscard]] bool is_pinned() const { return options_.route != Route::kAuto; }

  [[noreturn]] void fail(const std::string& what) const {
    std::string why = "model " + options_.name + " at " + options_.urls.front() + ": " + what;
    for (const std::string& reason : found_.refused) why += "\n  " + reason;
    throw ModelError(options_.name, why);
  }

  // What the server says of its models; not every one does.
  void look_at_models() {
    const auto answer = calls_.call("/v1/models", "");
    if (!answer || !answer->is_object() || !answer->contains("data")) return;
    const json& models = answer->at("data");
    if (!models.is_array()) return;
    for (const json& model : models) {
      if (!model.is_object() || model.value("id", std::string()) != options_.name) continue;
      const auto length = model.find("max_model_len");
      if (length == model.end() || !length->is_number_integer()) return;
      if (length->get<std::int64_t>() >= options_.max_tokens) return;
      fail(fmt::format("the server takes {} tokens, and model.max_tokens is {}; set it to {}",
                       length->get<std::int64_t>(), options_.max_tokens,
                       length->get<std::int64_t>()));
    }
  }

  // Whole queries, if it is `bbprompt serve`.
  std::string test_answer_scores() {
    if (view_.tokenizer() == nullptr) return "needs token ids: set model.tokenizer";
    const RouteCall call = whole_queries_call(view_, sample_.request());
    const auto first = calls_.read(call);
    if (!first) return first.why;
    const auto second = calls_.read(call);
    if (!second) return second.why;
    found_.route = Route::kAnswerScores;
    found_.dialect = Dialect::kAnswerScores;
    found_.noise = difference(*first, *second);
    remember(first->identity);
    return {};
  }

  // The plainest request, in the first form that the server takes: what every route is measured by.
  void find_plain_list() {
    ServerFindings form;
    form.dialect = options_.api == ServerApi::kChat ? Dialect::kChat : Dialect::kCompletions;
    const bool can_send_ids = view_.tokenizer() != nullptr && form.dialect != Dialect::kChat;
    std::string why;
    for (const bool sends_ids : {true, false}) {
      if (sends_ids && !can_send_ids) continue;
      for (const bool names_ids : {true, false}) {
        if (names_ids && !sends_ids) continue;
        form.sends_ids = sends_ids;
        form.names_ids = names_ids;
        why = find_list_length(form);
        if (why.empty()) return;
      }
    }
    if (options_.api == ServerApi::kCompletions)
      why += "; where a server only chats, set model.api: chat";
    fail("no plain request is answered: " + why);
  }

  // Tries lists of falling lengths, then none; empty when one of them is answered.
  std::string find_list_length(ServerFindings form) {
    std::string why;
    for (const int length : {kListLengths[0], kListLengths[1], kListLengths[2], 0}) {
      form.num_top = length;
      std::string problem = try_plain(form);
      if (problem.empty()) return {};
      if (form.dialect == Dialect::kChat && take_reasoning_models(form)) {
        problem = try_plain(form);
        if (problem.empty()) return {};
      }
      why = std::move(problem);
    }
    return why;
  }

  // Reasoning models refuse options that others take.
  bool take_reasoning_models(ServerFindings& form) const {
    if (form.length_key != "max_tokens") return false;
    form.length_key = "max_completion_tokens";
    form.takes_temperature = false;
    return true;
  }

  std::string try_plain(ServerFindings& form) {
    const auto next = calls_.ask(RequestForm(options_, form),
                                 {.prompt = sample_.prompt(), .num_top = form.num_top});
    if (!next) return next.why;
    const std::string problem = count_added(form, *next);
    if (!problem.empty()) return problem;
    if (next->sampled && !next->sampled->id && !next->sampled->bytes && !next->text.empty() &&
        !next->text.starts_with(next->sampled->text)) {
      return "its list spells the token \"" + printable(next->sampled->text) +
             "\" another way than its text, \"" + printable(next->text) + "\"";
    }
    found_ = form;
    found_.num_top = std::min(form.num_top, static_cast<int>(next->top.size()));
    plain_ = *next;
    remember(next->identity);
    return {};
  }

  // How many tokens the server adds to a prompt: none, or a begin token.
  std::string count_added(ServerFindings& form, const NextToken& next) const {
    if (view_.tokenizer() == nullptr || form.dialect == Dialect::kChat || next.num_read < 0)
      return {};
    const auto num_sent = static_cast<std::int64_t>(sample_.prompt().ids.size());
    const std::int64_t num_added = next.num_read - num_sent;
    if (num_added < 0 || num_added > 1) {
      return fmt::format(
          "the server read {} tokens where {} were sent; is model.tokenizer the "
          "folder of this model?",
          next.num_read, num_sent);
    }
    form.num_added = static_cast<int>(num_added);
    return {};
  }

  void choose_route() {
    const std::array<Way, 7> ways = {{
        {Route::kNamedIds, [this](ServerFindings& f) { return test_named(f); }},
        {Route::kVocabulary, [this](ServerFindings& f) { return test_vocabulary(f); }},
        {Route::kForcedLabel, [this](ServerFindings& f) { return test_biased(f); }},
        {Route::kLiftedLabels, [this](ServerFindings& f) { return test_biased(f); }},
        {Route::kEcho, [this](ServerFindings& f) { return test_echo(f); }},
        {Route::kTopList, [this](ServerFindings& f) { return test_top_list(f); }},
        {Route::kText, [this](ServerFindings& f) { return test_text(f); }},
    }};
    std::vector<std::string> refused = std::move(not_used_);
    for (const Way& way : ways) {
      if (is_pinned() && options_.route != way.route) continue;
      ServerFindings form = found_;
      form.route = way.route;
      const std::string problem = way.test(form);
      if (problem.empty()) {
        found_ = form;
        found_.refused = std::move(refused);
        return;
      }
      refused.push_back(std::string(kRouteNames[static_cast<std::size_t>(way.route)]) + ": " +
                        problem);
    }
    found_.refused = std::move(refused);
    fail(is_pinned() ? "the route that model.route asks for does not work:" : "no route works:");
  }

  std::string test_named(ServerFindings& form) {
    if (!form.sends_ids) return "needs token ids, in the request and in the answer";
    if (form.dialect != Dialect::kCompletions) return "chat requests cannot name tokens";
    form.names_ids = true;
    return compare(form, sample_.known_entries(plain_));
  }

  std::string test_vocabulary(ServerFindings& form) {
    if (view_.tokenizer() == nullptr || !form.sends_ids) return "needs token ids";
    const std::size_t size = view_.tokenizer()->vocabulary_size();
    if (size > kMostWholeVocabulary && options_.route != Route::kVocabulary)
      return fmt::format("{} tokens are megabytes for each request; model.route can ask for it",
                         size);
    form.num_top = static_cast<int>(size);
    form.dialect = Dialect::kNative;
    const std::string problem = compare(form, sample_.known_entries(plain_));
    if (problem.empty() || form.route != Route::kVocabulary) return problem;
    form.dialect = Dialect::kCompletions;
    return compare(form, sample_.known_entries(plain_)).empty() ? std::string() : problem;
  }

  // Forced and lifted labels, in the dialect and with the form of the bias that works.
  std::string test_biased(ServerFindings& form) {
    if (view_.tokenizer() == nullptr)
      return "needs the ids of the answer words: set model.tokenizer";
    std::vector<Dialect> dialects = {form.dialect};
    if (form.dialect == Dialect::kCompletions && form.sends_ids)
      dialects.insert(dialects.begin(), Dialect::kNative);
    std::string problems;
    for (const Dialect dialect : dialects) {
      for (const bool is_pairs : {false, true}) {
        if (dialect == Dialect::kNative && !is_pairs) continue;
        form.dialect = dialect;
        form.has_bias_pairs = is_pairs;
        const std::string problem = form.route == Route::kForcedLabel
                                        ? compare(form, sample_.known_entries(plain_))
                                        : compare_lifted(form);
        if (problem.empty()) return {};
        if (problems.find(problem) == problems.npos)
          problems += (problems.empty() ? "" : "; or ") + problem;
      }
    }
    return problems;
  }

  std::string test_echo(ServerFindings& form) {
    if (form.dialect != Dialect::kCompletions) return "chat requests echo nothing";
    for (const int length : {0, 1}) {
      form.echo_length = length;
      std::string problem = compare(form, sample_.known_entries(plain_));
      if (problem.empty() || length == 1) return problem;
    }
    return {};
  }

  std::string test_top_list(ServerFindings& form) const {
    if (plain_.top.empty()) return "the server sends no list of the best tokens";
    form.num_top = static_cast<int>(plain_.top.size());
    return {};
  }

  std::string test_text(ServerFindings& form) const {
    form.num_top = 0;
    return plain_.text.empty() ? "the server generates no text" : std::string();
  }

  // Whether the route gives tokens the values that the plain list gives them, and the sample's
  // answers some value; empty when it does.
  std::string compare(const ServerFindings& form, const std::vector<KnownValue>& known) {
    if (known.size() < 2) return "the list of the best tokens is too short to prove it by";
    Question question{.prompt = sample_.prompt(), .answers = {}};
    for (const KnownValue& one : known) question.answers.push_back(one.answer);
    const auto scores = score(form, question);
    if (!scores) return scores.why;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const double found = (*scores)[i];
      if (std::abs(found - known[i].value) <= kSameValue) continue;
      return fmt::format(
          "accepted, but it gives \"{}\" {:.4f} where the list of the best tokens has {:.4f}",
          printable(known[i].answer.text), found, known[i].value);
    }
    const auto own = score(form, sample_.question());
    return own ? std::string() : own.why;
  }

  // Lifted tokens differ by what they differ in the plain list, and share all probability.
  std::string compare_lifted(const ServerFindings& form) {
    const auto known = sample_.known_entries(plain_);
    if (known.size() < 2) return "the list of the best tokens is too short to prove it by";
    Question question{.prompt = sample_.prompt(), .answers = {known[0].answer, known[1].answer}};
    const auto scores = score(form, question);
    if (!scores) return scores.why;
    const double found = (*scores)[0] - (*scores)[1];
    const double expected = known[0].value - known[1].value;
    if (std::abs(found - expected) > kSameValue) {
      return fmt::format(
          "accepted, but two tokens differ by {:.4f} where the list of the best tokens has {:.4f}",
          found, expected);
    }
    const auto own = score(form, sample_.question());
    return own ? std::string() : own.why;
  }

  // Scores of the question's answers by the route that `form` names.
  Attempt<std::vector<double>> score(const ServerFindings& form, const Question& question) {
    std::vector<double> scores(question.answers.size(), 0.0);
    const auto route = make_route(RequestForm(options_, form));
    for (const RouteCall& call : route->calls(question)) {
      const auto reply = calls_.read(call);
      if (!reply) return {.value = std::nullopt, .why = reply.why};
      for (const ScorePart& part : reply->parts) scores[part.answer] += part.value;
    }
    return {.value = std::move(scores), .why = {}};
  }

  void measure_noise() {
    const auto first = score(found_, sample_.question());
    const auto second = score(found_, sample_.question());
    if (!first || !second) fail("expected the same answer again; " + first.why + second.why);
    for (std::size_t i = 0; i < first->size(); ++i)
      found_.noise = std::max(found_.noise, std::abs((*first)[i] - (*second)[i]));
  }

  static double difference(const RouteReply& a, const RouteReply& b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < std::min(a.parts.size(), b.parts.size()); ++i)
      largest = std::max(largest, std::abs(a.parts[i].value - b.parts[i].value));
    return largest;
  }

  void remember(const ServerIdentity& identity) {
    found_.model = identity.model;
    found_.fingerprint = identity.fingerprint;
  }

  const ServerView& view_;
  const ServerOptions& options_;
  ProbeSample sample_;
  ProbeCalls calls_;
  ServerFindings found_;
  NextToken plain_;
  std::vector<std::string> not_used_;  // routes that were tried before the list
};

}  // namespace

ServerFindings probe_server(const ServerView& view) { return Probe(view).run(); }

}  // namespace bbprompt
