#include "query/verdict.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "query/call_queue.hpp"
#include "query/error_body.hpp"
#include "query/waiting_time.hpp"

namespace bbprompt {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

Verdict of_fault(const HttpAnswer& answer, const JudgeContext& context) {
  Verdict verdict{.kind = VerdictKind::kTryAgain,
                  .why = plain_text(answer.why, context.key),
                  .health = Health::kDoubtful};
  switch (answer.fault) {
    case HttpFault::kLostUnused:
      verdict.kind = VerdictKind::kSendAgain;
      verdict.health = Health::kUnknown;
      break;
    case HttpFault::kLost:
      if (!context.has_spoken_http) verdict.why += " (does the server speak https:// there?)";
      break;
    case HttpFault::kNoConnection:
      verdict.kind = VerdictKind::kWait;
      verdict.health = Health::kAway;
      break;
    case HttpFault::kTls:
      verdict.kind = VerdictKind::kFatal;
      break;
    case HttpFault::kProxy:
      if (answer.status == 407) verdict.kind = VerdictKind::kFatal;
      break;
    case HttpFault::kNotHttp:
      verdict.kind = context.has_spoken_http ? VerdictKind::kMalformed : VerdictKind::kFatal;
      break;
    case HttpFault::kWrongEncoding:
      verdict.kind = VerdictKind::kMalformed;
      verdict.health = Health::kWell;
      break;
    case HttpFault::kTooLarge:
      verdict.kind = VerdictKind::kFailed;
      verdict.health = Health::kWell;
      break;
    default:
      break;
  }
  return verdict;
}

// What a person can do about a status.
std::string_view advice(int status) {
  switch (status) {
    case 401:
    case 403:
      return "is the key right (model.key_variable or model.key_file)?";
    case 404:
      return "does the server have this route, and a model of the name in model.name?";
    case 405:
    case 415:
    case 501:
      return "does the server have this route?";
    case 407:
      return "the proxy asks for a user name and password; no_proxy lists the hosts to reach "
             "without it";
    case 413:
      return "the request is too large for the server";
    default:
      return {};
  }
}

std::string status_text(int status, const ServerError& error) {
  std::string text = "status " + std::to_string(status);
  if (!error.message.empty()) text += ": " + error.message;
  if (const auto words = advice(status); !words.empty()) text.append(" - ").append(words);
  return text;
}

std::string too_long_text(int status, const ServerError& error) {
  std::string text = "status " + std::to_string(status) + ": the input is too long for the model";
  if (error.tokens_asked) text += ", " + std::to_string(*error.tokens_asked) + " tokens asked";
  if (error.tokens_allowed) text += ", " + std::to_string(*error.tokens_allowed) + " allowed";
  return text + ": " + error.message;
}

bool may_pass(int status) {
  return status == 408 || status == 409 || status == 421 || status == 424 || status == 425 ||
         (status >= 500 && status != 501 && status != 505);
}

// The server, or what stands before it, says that it is not there.
bool is_away(int status) {
  return status == 502 || status == 503 || status == 504 || (status >= 520 && status <= 529);
}

bool is_about_content(const ServerError& error) {
  const std::string text = lower(error.code + " " + error.type + " " + error.message);
  return has(text, "content_filter") || has(text, "moderation");
}

Verdict of_overload(int status, Verdict verdict, const ServerError& error) {
  verdict.kind = VerdictKind::kWait;
  if (is_out_of_quota(error)) {
    verdict.kind = VerdictKind::kFatal;
    verdict.why = "status " + std::to_string(status) + ", no money or quota left: " + error.message;
  }
  return verdict;
}

Verdict of_passing(int status, Verdict verdict, const ServerError& error) {
  verdict.kind = VerdictKind::kTryAgain;
  if (is_away(status)) {
    verdict.health = Health::kAway;
    const bool is_loading = status == 503 && has(lower(error.message), "loading");
    if (is_loading || (status == 503 && verdict.wait)) verdict.kind = VerdictKind::kWait;
  } else if (status >= 500) {
    verdict.health = Health::kDoubtful;
    verdict.is_permanent_if_repeated = true;
  }
  return verdict;
}

// The server's own word on whether to ask again stands above all rules but those on keys and money.
void obey_server(const HttpAnswer& answer, Verdict& verdict) {
  const auto word = find_header(answer, "x-should-retry");
  if (!word || verdict.kind == VerdictKind::kFatal) return;
  if (*word == "true" && verdict.kind == VerdictKind::kFailed) {
    verdict.kind = VerdictKind::kTryAgain;
  } else if (*word == "false") {
    verdict.kind = VerdictKind::kFailed;
  }
}

Verdict of_status(int status, const ServerError& error, const HttpAnswer& answer,
                  const JudgeContext& context) {
  Verdict verdict{.kind = VerdictKind::kFailed, .why = status_text(status, error)};
  verdict.wait = asked_wait(answer, context.wall_now);
  if (status == 429 || (status == 402 && is_out_of_quota(error))) {
    if (const double reset = limit_wait(answer); !verdict.wait && reset > 0.0) verdict.wait = reset;
    verdict.holds_all = true;
    verdict = of_overload(status, std::move(verdict), error);
  } else if (is_too_long(error) && (status < 500 || error.tokens_allowed)) {
    verdict.why = too_long_text(status, error);
  } else if (may_pass(status)) {
    verdict.holds_all = verdict.wait.has_value();
    verdict = of_passing(status, std::move(verdict), error);
  } else if (status == 401 || status == 402 || status == 407 ||
             (status == 403 && !is_about_content(error))) {
    verdict.kind = VerdictKind::kFatal;
  }
  obey_server(answer, verdict);
  return verdict;
}

Verdict of_redirect(const HttpAnswer& answer, const JudgeContext& context) {
  const auto target = find_header(answer, "location");
  return {.kind = VerdictKind::kFailed,
          .why = "status " + std::to_string(answer.status) + ": the server sends elsewhere" +
                 (target ? ", to " + plain_text(*target, context.key) : std::string()) +
                 ". That is not followed, since key and prompt would go there; if it is right, "
                 "write it in model.url"};
}

Verdict malformed(std::string why) {
  return {.kind = VerdictKind::kMalformed, .why = std::move(why)};
}

Verdict of_json(nlohmann::json body, const HttpAnswer& answer, const AnswerCheck& check,
                const JudgeContext& context) {
  if (is_error_object(body)) {
    const ServerError error = read_error(body, context.key);
    const int status = status_of(error);
    // An error that does not say which may pass.
    Verdict verdict = of_status(status < 400 ? 500 : status, error, answer, context);
    verdict.why =
        "status " + std::to_string(answer.status) + " with an error inside: " + verdict.why;
    return verdict;
  }
  try {
    if (check) check(body);
  } catch (const UselessAnswer& error) {
    return {.kind = VerdictKind::kFailed, .why = plain_text(error.what(), context.key)};
  } catch (const Error& error) {
    return malformed(plain_text(error.what(), context.key));
  } catch (const nlohmann::json::exception& error) {
    return malformed("not the expected JSON: " + plain_text(error.what(), context.key));
  }
  return {.kind = VerdictKind::kAnswered, .answer = std::move(body)};
}

Verdict of_success(const HttpAnswer& answer, const AnswerCheck& check,
                   const JudgeContext& context) {
  const std::string type = lower(find_header(answer, "content-type").value_or(""));
  const std::string status = "status " + std::to_string(answer.status);
  if (type.starts_with("text/event-stream")) {
    return malformed(status + " with a stream of events, which was not asked for");
  }
  if (type.starts_with("text/html")) {
    return malformed(status +
                     " with a page instead of an answer: " + plain_text(answer.body, context.key));
  }
  if (answer.body.starts_with("\xef\xbb\xbf")) {
    return malformed(status + ", but JSON begins with no byte order mark");
  }
  nlohmann::json body;
  try {
    body = parse_json(answer.body);
  } catch (const Error& error) {
    return malformed(status + ", but " + plain_text(error.what(), context.key));
  }
  return of_json(std::move(body), answer, check, context);
}

}  // namespace

Verdict judge(const HttpAnswer& answer, const AnswerCheck& check, const JudgeContext& context) {
  if (answer.fault != HttpFault::kNone) return of_fault(answer, context);
  if (answer.status >= 200 && answer.status < 300) return of_success(answer, check, context);
  if (answer.status >= 300 && answer.status < 400) return of_redirect(answer, context);
  return of_status(answer.status, read_error_text(answer.body, context.key), answer, context);
}

}  // namespace bbprompt
