#include <cmath>

#include "bbprompt/base/json.hpp"
#include "bbprompt/explain/explanation_text.hpp"

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_object(const PromptScore& score) {
  return {{"loss", finite(score.loss)}, {"metric", finite(score.metric)}};
}

// With the change against the whole prompt.
Json to_object(const PromptScore& score, const PromptScore& whole) {
  Json object = to_object(score);
  object["loss_change"] = finite(score.loss - whole.loss);
  object["metric_change"] = finite(score.metric - whole.metric);
  return object;
}

Json to_object(const PartAlternative& alternative) {
  return {{"text", alternative.text}, {"share", finite(alternative.share)}};
}

Json to_object(const PartExplanation& part, const Explanation& explanation) {
  Json object;
  object["text"] = part.text;
  object["share"] = finite(part.share);
  object["left_out"] = to_object(part.without, explanation.whole);
  object["label_shift"] = Json::object();
  for (std::size_t i = 0; i < explanation.labels.size(); ++i) {
    object["label_shift"][explanation.labels[i]] =
        finite(part.label_shift(static_cast<Eigen::Index>(i)));
  }
  object["replacements"] = Json::array();
  for (const PartReplacement& replacement : part.replacements) {
    Json entry = to_object(replacement.candidate);
    entry.update(to_object(replacement.score, explanation.whole));
    object["replacements"].push_back(std::move(entry));
  }
  object["alternatives"] = Json::array();
  for (const auto& other : part.alternatives) object["alternatives"].push_back(to_object(other));
  return object;
}

Json to_array(const std::vector<TurnedExample>& examples, const std::vector<std::string>& labels) {
  const auto label = [&](int index) { return labels.at(static_cast<std::size_t>(index)); };
  Json array = Json::array();
  for (const TurnedExample& example : examples) {
    Json entry;
    entry["row"] = example.row;
    entry["text_a"] = example.text_a;
    entry["text_b"] = example.text_b;
    entry["gold"] = label(example.gold);
    entry["before"] = label(example.before);
    entry["after"] = label(example.after);
    array.push_back(std::move(entry));
  }
  return array;
}

Json to_object(const Explanation& explanation) {
  Json object;
  object["trial"] = explanation.trial;
  object["task"] = explanation.task;
  object["method"] = explanation.method;
  object["seed"] = explanation.seed;
  object["kind"] = to_string(explanation.kind);
  object["prompt"] = explanation.prompt;
  object["split"] = explanation.split;
  object["examples"] = explanation.num_examples;
  object["metric"] = explanation.metric;
  object["objective"] = explanation.objective;
  object["labels"] = explanation.labels;
  object["is_calibrated"] = explanation.is_calibrated;
  object["whole"] = to_object(explanation.whole);
  object["baseline"] = to_object(explanation.baseline_score);
  object["baseline"]["kind"] = explanation.baseline == Baseline::kManual ? "manual" : "no_prompt";
  object["parts"] = Json::array();
  for (const auto& part : explanation.parts) {
    object["parts"].push_back(to_object(part, explanation));
  }
  object["turned_right"] = to_array(explanation.turned_right, explanation.labels);
  object["turned_wrong"] = to_array(explanation.turned_wrong, explanation.labels);
  object["unlike_record"] = explanation.num_unlike_record;
  for (const UsageCounter& counter : kUsageCounters)
    object["usage"][std::string(counter.name)] = explanation.usage.*counter.value;
  return object;
}

}  // namespace

std::string to_json(std::span<const Explanation> explanations) {
  Json root;
  root["explanations"] = Json::array();
  for (const auto& explanation : explanations) {
    root["explanations"].push_back(to_object(explanation));
  }
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace bbprompt
