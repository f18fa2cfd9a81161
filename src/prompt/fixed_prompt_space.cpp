#include "bbprompt/prompt/fixed_prompt_space.hpp"

#include <algorithm>
#include <span>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/wording.hpp"
#include "prompt/point_check.hpp"

namespace bbprompt {
namespace {

using Examples = std::vector<std::int64_t>;

std::vector<Examples> examples_by_label(const std::vector<int>& labels) {
  std::vector<Examples> examples;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    if (label >= examples.size()) examples.resize(label + 1);
    examples[label].push_back(static_cast<std::int64_t>(i));
  }
  return examples;
}

// Rounds of one example of each label.
Examples draw(std::vector<Examples> by_label, std::size_t per_class, RandomStream& random) {
  for (Examples& examples : by_label) random.shuffle(std::span(examples));
  Examples drawn;
  for (std::size_t round = 0; round < per_class; ++round) {
    const std::size_t begin = drawn.size();
    for (const Examples& examples : by_label) drawn.push_back(examples[round]);
    random.shuffle(std::span(drawn).subspan(begin));
  }
  return drawn;
}

// Drops from the end until the others fit.
void fit(Examples& drawn, const DemonstrationInputs& inputs) {
  std::int64_t total = 0;
  for (const std::int64_t i : drawn) total += inputs.num_tokens.at(static_cast<std::size_t>(i));
  while (!drawn.empty() && total > inputs.max_tokens) {
    total -= inputs.num_tokens[static_cast<std::size_t>(drawn.back())];
    drawn.pop_back();
  }
}

}  // namespace

SearchDomain FixedPromptSpace::domain() const {
  return {.start = Eigen::VectorXd::Zero(1), .num_categories = {num_prompts()}};
}

std::vector<Eigen::VectorXd> FixedPromptSpace::fixed_points() const {
  std::vector<Eigen::VectorXd> points;
  points.reserve(static_cast<std::size_t>(num_prompts()));
  for (int i = 0; i < num_prompts(); ++i) points.emplace_back(Eigen::VectorXd::Constant(1, i));
  return points;
}

std::size_t FixedPromptSpace::index_of(std::span<const double> point) const {
  check_point(point, 1);
  return static_cast<std::size_t>(category_of(point[0], num_prompts()));
}

Prompt ManualPromptSpace::decode(std::span<const double> point) const {
  (void)index_of(point);
  return PromptText{.text = text_};
}

Prompt ManualTokensSpace::decode(std::span<const double> point) const {
  (void)index_of(point);
  return PromptTokens{.ids = ids_};
}

DemonstrationPromptSpace::DemonstrationPromptSpace(const DemonstrationOptions& options,
                                                   const DemonstrationInputs& inputs)
    : max_field_tokens_(options.max_field_tokens) {
  const auto by_label = examples_by_label(inputs.labels);
  const auto per_class = static_cast<std::size_t>(std::max(options.per_class, 0));
  for (const Examples& examples : by_label) {
    if (per_class >= 1 && examples.size() >= per_class) continue;
    throw SettingError("prompt.demonstrations.per_class",
                       "expected 1 to " + std::to_string(examples.size()) +
                           ", the examples of a class in the train split, found " +
                           std::to_string(options.per_class));
  }
  for (int d = 0; d < options.draws; ++d) {
    RandomStream random({.seed = inputs.seed,
                         .trial = 0,
                         .generation = static_cast<std::uint64_t>(d),
                         .purpose = "demonstrations"});
    Examples drawn = draw(by_label, per_class, random);
    fit(drawn, inputs);
    if (drawn.empty()) {
      throw SettingError("prompt.demonstrations.max_field_tokens",
                         "expected demonstrations that fit into " +
                             plural(inputs.max_tokens, "token") +
                             ", half of the model's length, found none; set it lower");
    }
    if (std::find(draws_.begin(), draws_.end(), drawn) == draws_.end()) {
      draws_.push_back(std::move(drawn));
    }
  }
  note(options, per_class * by_label.size());
}

void DemonstrationPromptSpace::note(const DemonstrationOptions& options, std::size_t num_drawn) {
  const auto [least, most] =
      std::minmax_element(draws_.begin(), draws_.end(),
                          [](const Examples& a, const Examples& b) { return a.size() < b.size(); });
  if (least == draws_.end())
    throw SettingError("prompt.demonstrations.draws", "expected at least 1, found 0");
  if (least->size() < num_drawn) {
    const std::string range =
        least->size() == most->size()
            ? std::to_string(least->size())
            : std::to_string(least->size()) + " to " + std::to_string(most->size());
    notes_.push_back("demonstrations: " + range + " of " + std::to_string(num_drawn) +
                     " fit into half of the model's length");
  }
  if (draws_.size() < static_cast<std::size_t>(options.draws)) {
    notes_.push_back("demonstrations: " + std::to_string(draws_.size()) + " of " +
                     std::to_string(options.draws) + " draws differ; the others are left out");
  }
}

Prompt DemonstrationPromptSpace::decode(std::span<const double> point) const {
  return PromptDemonstrations{.examples = draws_[index_of(point)],
                              .max_field_tokens = max_field_tokens_};
}

}  // namespace bbprompt
