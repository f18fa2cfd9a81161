#include "text/vocabulary_tokenizer.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "text/code_points.hpp"

namespace bbprompt {
namespace {

void append_special(ModelInput& input, const TemplatePiece& piece) {
  input.ids.push_back(piece.id);
  input.type_ids.push_back(piece.type_id);
  input.sequence.emplace_back(std::nullopt);
  input.ranges.emplace_back();
}

void append_text(ModelInput& input, const TemplatePiece& piece, const Encoding& text) {
  const int sequence = piece.kind == TemplatePiece::Kind::kFirst ? 0 : 1;
  const std::size_t size = input.ids.size() + text.ids.size();
  input.ids.insert(input.ids.end(), text.ids.begin(), text.ids.end());
  input.type_ids.resize(size, piece.type_id);
  input.sequence.resize(size, sequence);
  input.ranges.insert(input.ranges.end(), text.ranges.begin(), text.ranges.end());
}

}  // namespace

Encoding VocabularyTokenizer::encode(std::string_view text) const {
  if (!find_invalid_utf8(text)) return encode_valid(text);
  const RepairedText repaired(text);
  Encoding encoding = encode_valid(repaired.text());
  for (ByteRange& range : encoding.ranges) range = repaired.original(range);
  return encoding;
}

ModelInput VocabularyTokenizer::encode_for_model(std::string_view text,
                                                 std::optional<std::string_view> pair) const {
  if (pair && parts_.model_template.pair.empty()) {
    throw Error(
        "expected a single text, found a pair: this model was not trained on pairs of texts; put "
        "both into one text");
  }
  const Encoding first = encode(text);
  const Encoding second = pair ? encode(*pair) : Encoding{};
  ModelInput input;
  for (const TemplatePiece& piece :
       pair ? parts_.model_template.pair : parts_.model_template.single) {
    if (piece.kind == TemplatePiece::Kind::kSpecial) {
      append_special(input, piece);
    } else {
      append_text(input, piece, piece.kind == TemplatePiece::Kind::kFirst ? first : second);
    }
  }
  return input;
}

bool VocabularyTokenizer::mask_strips_left() const {
  return std::any_of(
      parts_.added_tokens.begin(), parts_.added_tokens.end(), [&](const AddedToken& token) {
        return token.is_lstrip && parts_.special_tokens.mask == std::optional<TokenId>(token.id);
      });
}

}  // namespace bbprompt
