#include "bbprompt/report/prompt_effects.hpp"

#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/regular_file.hpp"

namespace bbprompt {
namespace {

double number_or_nan(const nlohmann::json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

PromptEffects effects_of(const nlohmann::json& explanation) {
  PromptEffects effects{.split = explanation.at("split").get<std::string>(),
                        .metric = explanation.at("metric").get<std::string>(),
                        .loss = number_or_nan(explanation.at("whole").at("loss")),
                        .parts = {}};
  for (const auto& part : explanation.at("parts")) {
    const auto& left_out = part.at("left_out");
    effects.parts.push_back({.text = part.at("text").get<std::string>(),
                             .loss_change = number_or_nan(left_out.at("loss_change")),
                             .metric_change = number_or_nan(left_out.at("metric_change"))});
  }
  return effects;
}

}  // namespace

void read_effects(const std::filesystem::path& path, EffectsByTrial& effects) {
  try {
    const auto json = parse_json(read_regular_file(path));
    for (const auto& explanation : json.at("explanations"))
      effects.emplace(explanation.at("trial").get<std::string>(), effects_of(explanation));
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    throw StoreError(path.string(),
                     std::string("expected what \"bbprompt explain --save\" writes: ") +
                         error.what() + "; write it again, or remove it");
  }
}

}  // namespace bbprompt
