#include "replica/input_layout.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMemoBytes = std::size_t{32} << 20;
constexpr int kNoField = -1;

// Code points of Unicode's White_Space property above ASCII, in UTF-8.
constexpr std::array<std::string_view, 19> kWideSpaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

void strip_right(std::string& text) {
  const auto space_at_end = [&text]() -> std::size_t {
    if (text.empty()) return 0;
    if (std::string_view(" \t\n\v\f\r").find(text.back()) != std::string_view::npos) return 1;
    for (const std::string_view space : kWideSpaces) {
      if (text.ends_with(space)) return space.size();
    }
    return 0;
  };
  while (const std::size_t size = space_at_end()) text.resize(text.size() - size);
}

void append(TextSegment& text, const TextSegment& more) {
  const std::size_t shift = text.text.size();
  text.text += more.text;
  for (const ExampleField& field : more.fields)
    text.fields.push_back({field.begin + shift, field.end + shift, field.max_tokens});
}

// A token without bytes (a space whose range was trimmed away) at a field's border is the
// pattern's.
bool is_within(const ByteRange& range, const ExampleField& field) {
  if (range.begin == range.end) return range.begin > field.begin && range.end < field.end;
  return range.begin >= field.begin && range.end <= field.end;
}

std::string model_name(const ModelConfig& config) { return config.file.parent_path().string(); }

TokenId required(const std::optional<TokenId>& id, const char* what, const ModelConfig& config) {
  if (id) return *id;
  throw ModelError(model_name(config),
                   std::string("expected a ") + what + " token in the vocabulary, found none");
}

}  // namespace

// The input with room for every token and where it came from.
struct InputLayout::Draft {
  LaidOutQuery query;
  std::vector<int> fields;      // number of the field a token may be cut from, or kNoField
  std::vector<int> max_tokens;  // of each field; 0: no limit
  int type = 0;
  int num_answers = 0;

  void add(TokenId id, int field = kNoField) {
    query.ids.push_back(id);
    query.types.push_back(type);
    fields.push_back(field);
  }
};

InputLayout::InputLayout(std::shared_ptr<const Tokenizer> tokenizer, const ModelConfig& config)
    : tokenizer_(std::move(tokenizer)),
      config_(config),
      begin_(required(tokenizer_->special_tokens().begin, "begin", config)),
      separator_(required(tokenizer_->special_tokens().separator, "separator", config)),
      mask_(required(tokenizer_->special_tokens().mask, "mask", config)) {
  for (const TokenId id : {begin_, separator_, mask_}) check_id(id);
}

LaidOutQuery InputLayout::lay_out(const Query& query) {
  Draft draft;
  TextSegment text;
  draft.add(begin_);
  for (const Segment& segment : query.segments) {
    if (const auto* more = std::get_if<TextSegment>(&segment)) {
      append(text, *more);
      continue;
    }
    if (std::holds_alternative<AnswerSlot>(segment) && tokenizer_->mask_strips_left())
      strip_right(text.text);
    add_text(std::exchange(text, {}), draft);
    add_other(segment, draft);
  }
  add_text(text, draft);
  draft.add(separator_);
  if (draft.num_answers != 1) {
    throw ModelError(model_name(config_), "expected one answer slot in a query, found " +
                                              std::to_string(draft.num_answers));
  }
  cut(draft);
  return std::move(draft.query);
}

void InputLayout::add_other(const Segment& segment, Draft& draft) const {
  if (const auto* tokens = std::get_if<PromptTokens>(&segment)) {
    add_tokens(*tokens, draft);
  } else if (const auto* vectors = std::get_if<PromptVectors>(&segment)) {
    add_vectors(*vectors, draft);
  } else if (std::holds_alternative<AnswerSlot>(segment)) {
    ++draft.num_answers;
    draft.query.answer = static_cast<Eigen::Index>(draft.query.ids.size());
    draft.add(mask_);
  } else {
    draft.add(separator_);
    if (config_.architecture == Architecture::kBert && config_.num_types > 1) draft.type = 1;
  }
}

const Encoding& InputLayout::tokenize(const std::string& text) {
  const auto found = memo_.find(text);
  if (found != memo_.end()) return found->second;
  Encoding encoding = tokenizer_->encode(text);
  const std::size_t size =
      text.size() + encoding.ids.size() * (sizeof(TokenId) + sizeof(ByteRange));
  memo_bytes_ += size;
  if (memo_bytes_ > kMemoBytes) {
    memo_.clear();
    memo_bytes_ = size;
  }
  return memo_.emplace(text, std::move(encoding)).first->second;
}

void InputLayout::add_text(const TextSegment& text, Draft& draft) {
  if (text.text.empty()) return;
  const Encoding& encoding = tokenize(text.text);
  const int first_field = static_cast<int>(draft.max_tokens.size());
  for (const ExampleField& field : text.fields) draft.max_tokens.push_back(field.max_tokens);
  std::size_t field = 0;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const ByteRange& range = encoding.ranges[i];
    while (field < text.fields.size() && text.fields[field].end < range.end) ++field;
    const bool is_cuttable = field < text.fields.size() && is_within(range, text.fields[field]);
    check_id(encoding.ids[i]);
    draft.add(encoding.ids[i], is_cuttable ? first_field + static_cast<int>(field) : kNoField);
  }
}

void InputLayout::add_tokens(const PromptTokens& tokens, Draft& draft) const {
  for (const TokenId id : tokens.ids) {
    check_id(id);
    draft.add(id);
  }
}

void InputLayout::add_vectors(const PromptVectors& prompt, Draft& draft) const {
  const auto* vectors = prompt.vectors.get();
  if (vectors == nullptr || vectors->cols() != config_.hidden_size || !vectors->allFinite()) {
    throw ModelError(model_name(config_), "expected prompt vectors of " +
                                              std::to_string(config_.hidden_size) +
                                              " finite numbers, found " +
                                              (vectors == nullptr ? "none"
                                               : vectors->cols() != config_.hidden_size
                                                   ? std::to_string(vectors->cols()) + " in a row"
                                                   : "infinity or NaN"));
  }
  const auto num_base = static_cast<Eigen::Index>(prompt.base_ids.size());
  if (num_base != 0 && num_base != vectors->rows()) {
    throw ModelError(model_name(config_), "expected a base token for each of the " +
                                              std::to_string(vectors->rows()) +
                                              " prompt vectors, found " + std::to_string(num_base));
  }
  for (Eigen::Index row = 0; row < vectors->rows(); ++row) {
    // A vector that stands alone needs an id that RoBERTa counts as a token: any but padding.
    const TokenId id = num_base == 0 ? begin_ : prompt.base_ids[static_cast<std::size_t>(row)];
    check_id(id);
    draft.query.vectors.push_back({.token = static_cast<Eigen::Index>(draft.query.ids.size()),
                                   .values = vectors->data() + row * vectors->cols(),
                                   .use = num_base == 0 ? VectorUse::kReplace : VectorUse::kAdd});
    draft.add(id);
  }
}

void InputLayout::check_id(TokenId id) const {
  if (id >= 0 && id < config_.vocab_size) return;
  throw ModelError(model_name(config_), "expected a token id below vocab_size " +
                                            std::to_string(config_.vocab_size) + ", found " +
                                            std::to_string(id));
}

void InputLayout::cut(Draft& draft) const {
  std::vector<int> kept(draft.max_tokens.size(), 0);
  for (const int field : draft.fields) {
    if (field != kNoField) ++kept[static_cast<std::size_t>(field)];
  }
  std::size_t length = draft.query.ids.size();
  for (std::size_t field = 0; field < kept.size(); ++field) {
    const int limit = draft.max_tokens[field];
    if (limit <= 0 || kept[field] <= limit) continue;
    length -= static_cast<std::size_t>(kept[field] - limit);
    kept[field] = limit;
  }
  const auto most = static_cast<std::size_t>(config_.max_tokens());
  draft.query.is_truncated = length > most;
  for (; length > most; --length) {
    // The last of the longest fields.
    const auto longest = std::max_element(kept.rbegin(), kept.rend());
    if (longest == kept.rend() || *longest == 0) {
      throw ModelError(model_name(config_),
                       "expected an input of at most " + std::to_string(most) + " tokens, found " +
                           std::to_string(length) +
                           " that may not be cut (pattern, prompt and special tokens); shorten the "
                           "prompt or the pattern");
    }
    --*longest;
  }
  if (length < draft.query.ids.size()) drop_tokens(kept, draft);
}

// Keeps the first `kept[f]` tokens of field f and all that belong to none.
void InputLayout::drop_tokens(std::vector<int> kept, Draft& draft) {
  const LaidOutQuery all = std::exchange(draft.query, {});
  draft.query.is_truncated = all.is_truncated;
  auto vector = all.vectors.begin();
  for (std::size_t i = 0; i < all.ids.size(); ++i) {
    const int field = draft.fields[i];
    if (field != kNoField && kept[static_cast<std::size_t>(field)]-- <= 0) continue;
    const auto place = static_cast<Eigen::Index>(draft.query.ids.size());
    if (all.answer == static_cast<Eigen::Index>(i)) draft.query.answer = place;
    if (vector != all.vectors.end() && vector->token == static_cast<Eigen::Index>(i)) {
      draft.query.vectors.push_back(*vector++);
      draft.query.vectors.back().token = place;
    }
    draft.query.ids.push_back(all.ids[i]);
    draft.query.types.push_back(all.types[i]);
  }
}

}  // namespace bbprompt
