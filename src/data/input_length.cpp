#include "data/input_length.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace bbprompt {
namespace {

constexpr std::int64_t kNumSpecialTokens = 2;  // of a masked model's input

bool is_within(const ByteRange& range, const ExampleField& field) {
  return range.begin >= field.begin && range.end <= field.end;
}

}  // namespace

InputLength::InputLength(const TaskOptions& task, const LengthOptions& options)
    : template_(task, options.family), options_(options) {
  PromptTokens tokens;
  tokens.ids.assign(static_cast<std::size_t>(options.num_prompt_tokens), 0);
  prompt_ = std::move(tokens);
}

MeasuredInput InputLength::measure(const Example& example) const {
  const Query query = template_.render(example, prompt_);
  const bool is_causal = options_.family == ModelFamily::kCausal;
  MeasuredInput input{.num_tokens = is_causal ? 0 : kNumSpecialTokens};
  std::int64_t num_cut = 0;
  for (std::size_t i = 0; i < query.segments.size(); ++i) {
    const Segment& segment = query.segments[i];
    if (const auto* prompt = std::get_if<PromptTokens>(&segment)) {
      input.num_tokens += static_cast<std::int64_t>(prompt->ids.size());
    } else if (const auto* text = std::get_if<TextSegment>(&segment)) {
      TextSegment kept = *text;
      const bool is_before_mask = i + 1 < query.segments.size() &&
                                  std::holds_alternative<AnswerSlot>(query.segments[i + 1]);
      if (is_before_mask && (is_causal || options_.tokenizer->mask_strips_left())) {
        kept.text.resize(kept.text.find_last_not_of(" \t\n\v\f\r") + 1);
      }
      num_cut += add_text(kept, input);
    } else if (!is_causal || std::holds_alternative<Separator>(segment)) {
      ++input.num_tokens;  // a causal model's separator is a line break, its answer slot nothing
    }
  }
  input.is_field_cut = num_cut > 0;
  input.is_too_long = input.num_tokens - num_cut > options_.max_tokens;
  return input;
}

std::int64_t InputLength::add_text(const TextSegment& text, MeasuredInput& input) const {
  const Encoding encoding = options_.tokenizer->encode(text.text);
  input.num_tokens += static_cast<std::int64_t>(encoding.ids.size());
  std::int64_t num_cut = 0;
  for (const ExampleField& field : text.fields) {
    const std::int64_t num_tokens =
        std::count_if(encoding.ranges.begin(), encoding.ranges.end(),
                      [&](const ByteRange& range) { return is_within(range, field); });
    if (field.max_tokens > 0) num_cut += std::max<std::int64_t>(0, num_tokens - field.max_tokens);
  }
  return num_cut;
}

}  // namespace bbprompt
