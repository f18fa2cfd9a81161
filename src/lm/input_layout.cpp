#include "bbprompt/lm/input_layout.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/fit_fields.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMemoBytes = std::size_t{32} << 20;

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

TokenId required(const std::optional<TokenId>& id, const char* what, const InputRules& rules) {
  if (id) return *id;
  throw ModelError(rules.model,
                   std::string("expected a ") + what + " token in the vocabulary, found none");
}

}  // namespace

int num_reserved_for(std::span<const Answer> answers) {
  std::size_t longest = 1;
  for (const Answer& answer : answers) longest = std::max(longest, answer.ids().size());
  return static_cast<int>(longest) - 1;
}

// The input with room for every token and where it came from.
struct InputLayout::Draft {
  LaidOutQuery query;
  std::vector<int> fields;      // number of the field a token may be cut from, or kNoField
  std::vector<int> max_tokens;  // of each field; 0: no limit
  int type = 0;
  int num_answers = 0;
  std::size_t end_of_answer = 0;  // tokens when the answer slot was met, itself included

  void add(TokenId id, int field = kNoField) {
    query.ids.push_back(id);
    query.types.push_back(type);
    fields.push_back(field);
  }
};

InputLayout::Marks InputLayout::marks_of(const Tokenizer& tokenizer, const InputRules& rules) {
  const SpecialTokens& special = tokenizer.special_tokens();
  if (rules.family == ModelFamily::kCausal) {
    return {.begin = special.begin,
            .end = {},
            .mask = {},
            .separator = tokenizer.encode("\n").ids,
            .strips_before_answer = true};
  }
  const TokenId begin = required(special.begin, "begin", rules);
  const TokenId separator = required(special.separator, "separator", rules);
  return {.begin = begin,
          .end = separator,
          .mask = required(special.mask, "mask", rules),
          .separator = {separator},
          .strips_before_answer = tokenizer.mask_strips_left()};
}

InputLayout::InputLayout(std::shared_ptr<const Tokenizer> tokenizer, InputRules rules)
    : tokenizer_(std::move(tokenizer)),
      rules_(std::move(rules)),
      marks_(marks_of(*tokenizer_, rules_)) {
  for (const auto& mark : {marks_.begin, marks_.end, marks_.mask}) {
    if (mark) check_id(*mark);
  }
  for (const TokenId id : marks_.separator) check_id(id);
}

LaidOutQuery InputLayout::lay_out(const Query& query, int num_reserved) {
  Draft draft;
  TextSegment text;
  if (!is_causal()) draft.add(*marks_.begin);
  for (const Segment& segment : query.segments) {
    if (const auto* more = std::get_if<TextSegment>(&segment)) {
      append(text, *more);
      continue;
    }
    if (std::holds_alternative<AnswerSlot>(segment) && marks_.strips_before_answer)
      strip_right(text.text);
    add_text(std::exchange(text, {}), draft);
    add_other(segment, draft);
  }
  add_text(text, draft);
  check_answer(draft);
  if (marks_.end) draft.add(*marks_.end);
  cut(draft, num_reserved);
  if (!draft.query.ids.empty()) {
    if (is_causal()) draft.query.answer = static_cast<Eigen::Index>(draft.query.ids.size()) - 1;
    return std::move(draft.query);
  }
  draft.add(required(marks_.begin, "begin", rules_));
  return std::move(draft.query);
}

std::int64_t InputLayout::count_with(const Query& query, std::span<const Answer> answers) {
  const LaidOutQuery input = lay_out(query, num_reserved_for(answers));
  auto count = static_cast<std::int64_t>(input.ids.size());
  for (const Answer& answer : answers) count += static_cast<std::int64_t>(answer.ids().size()) - 1;
  return count;
}

void InputLayout::check_answer(const Draft& draft) const {
  if (draft.num_answers != 1) {
    throw ModelError(rules_.model, "expected one answer slot in a query, found " +
                                       std::to_string(draft.num_answers));
  }
  if (is_causal() && draft.query.ids.size() > draft.end_of_answer) {
    throw ModelError(rules_.model,
                     "expected the answer slot at the end of a query, as this model answers after "
                     "the text; found tokens after it");
  }
}

void InputLayout::add_other(const Segment& segment, Draft& draft) const {
  if (const auto* tokens = std::get_if<PromptTokens>(&segment)) {
    add_tokens(*tokens, draft);
  } else if (const auto* vectors = std::get_if<PromptVectors>(&segment)) {
    add_vectors(*vectors, draft);
  } else if (std::holds_alternative<AnswerSlot>(segment)) {
    ++draft.num_answers;
    draft.query.answer = static_cast<Eigen::Index>(draft.query.ids.size());
    if (marks_.mask) draft.add(*marks_.mask);
    draft.end_of_answer = draft.query.ids.size();
  } else {
    for (const TokenId id : marks_.separator) draft.add(id);
    if (rules_.has_second_type) draft.type = 1;
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
  const std::vector<int> fields = fields_of_tokens(text, encoding);
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    check_id(encoding.ids[i]);
    draft.add(encoding.ids[i], fields[i] == kNoField ? kNoField : first_field + fields[i]);
  }
}

void InputLayout::add_tokens(const PromptTokens& tokens, Draft& draft) const {
  for (const TokenId id : tokens.ids) {
    check_id(id);
    draft.add(id);
  }
}

// Throws unless the rows are as many base tokens (or none), of the model's width, finite, and the
// same in each layer.
void InputLayout::check_vectors(const PromptVectors& prompt) const {
  const auto fail = [this](const std::string& expected, const std::string& found) {
    throw ModelError(rules_.model, "expected " + expected + ", found " + found);
  };
  const auto check_matrix = [&](const std::shared_ptr<const RowMatrixXf>& matrix) {
    const std::string expected =
        "prompt vectors of " + std::to_string(rules_.hidden_size) + " finite numbers";
    if (matrix == nullptr) fail(expected, "none");
    if (matrix->cols() != rules_.hidden_size)
      fail(expected, std::to_string(matrix->cols()) + " in a row");
    if (!matrix->allFinite()) fail(expected, "infinity or NaN");
  };
  check_matrix(prompt.vectors);
  const std::string num_rows = std::to_string(prompt.vectors->rows());
  const auto num_base = static_cast<Eigen::Index>(prompt.base_ids.size());
  if (num_base != 0 && num_base != prompt.vectors->rows()) {
    fail("a base token for each of the " + num_rows + " prompt vectors", std::to_string(num_base));
  }
  const std::size_t num_inner = prompt.layers.size();
  if (num_inner != 0 && rules_.num_layers == 0)
    fail("prompt vectors at the input alone, as this model takes no deep prompts", "more layers");
  if (num_inner != 0 && num_inner + 1 != static_cast<std::size_t>(rules_.num_layers)) {
    fail("a deep prompt for " + std::to_string(rules_.num_layers) + " layers",
         std::to_string(num_inner + 1));
  }
  for (const auto& matrix : prompt.layers) {
    check_matrix(matrix);
    if (matrix->rows() != prompt.vectors->rows())
      fail(num_rows + " prompt vectors in each layer", std::to_string(matrix->rows()));
  }
}

void InputLayout::add_vectors(const PromptVectors& prompt, Draft& draft) const {
  check_vectors(prompt);
  const bool is_alone = prompt.base_ids.empty();
  const auto begin = static_cast<Eigen::Index>(draft.query.ids.size());
  for (Eigen::Index row = 0; row < prompt.vectors->rows(); ++row) {
    // A vector that stands alone needs an id that RoBERTa counts as a token: any but padding.
    const TokenId id =
        is_alone ? marks_.begin.value_or(0) : prompt.base_ids[static_cast<std::size_t>(row)];
    check_id(id);
    draft.query.vectors.push_back({.token = begin + row,
                                   .values = prompt.vectors->row(row).data(),
                                   .use = is_alone ? VectorUse::kReplace : VectorUse::kAdd});
    draft.add(id);
  }
  for (std::size_t i = 0; i < prompt.layers.size(); ++i) {
    for (Eigen::Index row = 0; row < prompt.layers[i]->rows(); ++row) {
      draft.query.layer_vectors.push_back({.layer = static_cast<int>(i) + 1,
                                           .token = begin + row,
                                           .values = prompt.layers[i]->row(row).data()});
    }
  }
}

void InputLayout::check_id(TokenId id) const {
  if (id >= 0 && id < rules_.vocabulary_size) return;
  throw ModelError(rules_.model, "expected a token id below vocab_size " +
                                     std::to_string(rules_.vocabulary_size) + ", found " +
                                     std::to_string(id));
}

void InputLayout::cut(Draft& draft, int num_reserved) const {
  const auto room = static_cast<std::size_t>(std::max(rules_.max_tokens - num_reserved, 0));
  const FieldFit fit =
      fit_fields(draft.fields, draft.max_tokens, {.max_tokens = room, .model = rules_.model});
  draft.query.is_truncated = fit.is_truncated;
  const std::vector<std::size_t> kept = kept_tokens(draft.fields, fit.kept);
  if (kept.size() < draft.fields.size()) keep(kept, draft.query);
}

// Leaves these tokens alone. Vectors and the answer belong to no field, so theirs stay.
void InputLayout::keep(const std::vector<std::size_t>& tokens, LaidOutQuery& query) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    query.ids[i] = query.ids[tokens[i]];
    query.types[i] = query.types[tokens[i]];
  }
  query.ids.resize(tokens.size());
  query.types.resize(tokens.size());
  const auto move = [&tokens](Eigen::Index& token) {
    const auto place =
        std::lower_bound(tokens.begin(), tokens.end(), static_cast<std::size_t>(token));
    token = place - tokens.begin();
  };
  move(query.answer);
  for (InputVector& vector : query.vectors) move(vector.token);
  for (LayerVector& vector : query.layer_vectors) move(vector.token);
}

}  // namespace bbprompt
