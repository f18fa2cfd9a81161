#include "bbprompt/lm/fit_fields.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// A token without bytes (a space whose range was trimmed away) at a field's border is the
// pattern's.
bool is_within(const ByteRange& range, const ExampleField& field) {
  if (range.begin == range.end) return range.begin > field.begin && range.end < field.end;
  return range.begin >= field.begin && range.end <= field.end;
}

}  // namespace

std::vector<int> fields_of_tokens(const TextSegment& text, const Encoding& encoding) {
  std::vector<int> fields;
  fields.reserve(encoding.ranges.size());
  std::size_t field = 0;
  for (const ByteRange& range : encoding.ranges) {
    while (field < text.fields.size() && text.fields[field].end < range.end) ++field;
    const bool is_cuttable = field < text.fields.size() && is_within(range, text.fields[field]);
    fields.push_back(is_cuttable ? static_cast<int>(field) : kNoField);
  }
  return fields;
}

FieldFit fit_fields(std::span<const int> fields, std::span<const int> max_tokens,
                    const InputLimit& limit) {
  FieldFit fit{.kept = std::vector<int>(max_tokens.size(), 0)};
  for (const int field : fields) {
    if (field != kNoField) ++fit.kept[static_cast<std::size_t>(field)];
  }
  std::size_t length = fields.size();
  for (std::size_t field = 0; field < fit.kept.size(); ++field) {
    const int own = max_tokens[field];
    if (own <= 0 || fit.kept[field] <= own) continue;
    length -= static_cast<std::size_t>(fit.kept[field] - own);
    fit.kept[field] = own;
  }
  fit.is_truncated = length > limit.max_tokens;
  for (; length > limit.max_tokens; --length) {
    // The last of the longest fields.
    const auto longest = std::max_element(fit.kept.rbegin(), fit.kept.rend());
    if (longest == fit.kept.rend() || *longest == 0) {
      throw ModelError(limit.model,
                       "expected an input of at most " + std::to_string(limit.max_tokens) +
                           " tokens, found " + std::to_string(length) +
                           " that may not be cut (pattern, prompt and special tokens); shorten the "
                           "prompt or the pattern");
    }
    --*longest;
  }
  return fit;
}

std::vector<std::size_t> kept_tokens(std::span<const int> fields, std::span<const int> kept) {
  std::vector<int> left(kept.begin(), kept.end());
  std::vector<std::size_t> tokens;
  tokens.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i] == kNoField || left[static_cast<std::size_t>(fields[i])]-- > 0)
      tokens.push_back(i);
  }
  return tokens;
}

}  // namespace bbprompt
