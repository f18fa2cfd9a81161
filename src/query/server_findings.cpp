#include "bbprompt/query/server_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

template <typename Enum, std::size_t N>
Enum enum_of(const json& value, const std::array<std::string_view, N>& names) {
  const auto found = std::find(names.begin(), names.end(), value.get<std::string>());
  if (found == names.end()) throw Error("unknown name \"" + value.get<std::string>() + "\"");
  return static_cast<Enum>(found - names.begin());
}

std::string exactness(Route route) {
  switch (route) {
    case Route::kNamedIds:
    case Route::kVocabulary:
    case Route::kForcedLabel:
    case Route::kEcho:
    case Route::kAnswerScores:
      return "exact scores of every answer word";
    case Route::kLiftedLabels:
      return "exact scores, normalised over the answer words alone";
    case Route::kTopList:
      return "exact scores of the words among the best tokens, upper bounds for the others";
    case Route::kText:
      return "the generated word alone; good for objective error_rate only";
    case Route::kAuto:
      break;
  }
  return "not probed";
}

}  // namespace

std::string ServerFindings::to_json() const {
  return json{{"route", kRouteNames[static_cast<std::size_t>(route)]},
              {"dialect", kDialectNames[static_cast<std::size_t>(dialect)]},
              {"sends_ids", sends_ids},
              {"names_ids", names_ids},
              {"has_bias_pairs", has_bias_pairs},
              {"takes_temperature", takes_temperature},
              {"length_key", length_key},
              {"num_top", num_top},
              {"echo_length", echo_length},
              {"num_added", num_added},
              {"model", model},
              {"fingerprint", fingerprint},
              {"noise", noise},
              {"refused", refused},
              {"num_requests", num_requests},
              {"num_prompt_tokens", num_prompt_tokens},
              {"num_completion_tokens", num_completion_tokens}}
      .dump();
}

ServerFindings ServerFindings::from_json(std::string_view text) {
  const json all = parse_json(text);
  try {
    return {.route = enum_of<Route>(all.at("route"), kRouteNames),
            .dialect = enum_of<Dialect>(all.at("dialect"), kDialectNames),
            .sends_ids = all.at("sends_ids").get<bool>(),
            .names_ids = all.at("names_ids").get<bool>(),
            .has_bias_pairs = all.at("has_bias_pairs").get<bool>(),
            .takes_temperature = all.at("takes_temperature").get<bool>(),
            .length_key = all.at("length_key").get<std::string>(),
            .num_top = all.at("num_top").get<int>(),
            .echo_length = all.at("echo_length").get<int>(),
            .num_added = all.at("num_added").get<int>(),
            .model = all.at("model").get<std::string>(),
            .fingerprint = all.at("fingerprint").get<std::string>(),
            .noise = all.at("noise").get<double>(),
            .refused = all.at("refused").get<std::vector<std::string>>(),
            .num_requests = all.at("num_requests").get<std::int64_t>(),
            .num_prompt_tokens = all.at("num_prompt_tokens").get<std::int64_t>(),
            .num_completion_tokens = all.at("num_completion_tokens").get<std::int64_t>()};
  } catch (const json::exception& problem) {
    throw Error(std::string("findings about a model server: ") + problem.what());
  }
}

std::vector<std::string> ServerFindings::describe() const {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("route {} ({}): {}", kRouteNames[static_cast<std::size_t>(route)],
                              kDialectNames[static_cast<std::size_t>(dialect)], exactness(route)));
  lines.push_back(noise == 0.0
                      ? std::string("asked twice, the server gave the same numbers")
                      : fmt::format("asked twice, the server's numbers differ by up to {:.2g}: "
                                    "a run cannot be repeated bit for bit",
                                    noise));
  lines.push_back(fmt::format("the probe took {} and {}", plural(num_requests, "request"),
                              plural(num_prompt_tokens + num_completion_tokens, "token")));
  for (const std::string& reason : refused) lines.push_back("not used: " + reason);
  return lines;
}

}  // namespace bbprompt
