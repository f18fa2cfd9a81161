#include "text/word_piece.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "text/code_points.hpp"

namespace bbprompt {
namespace {

std::vector<AddedToken> normalized_tokens(const std::vector<AddedToken>& tokens,
                                          const BertNormalizerOptions& options) {
  std::vector<AddedToken> chosen = tokens_of_stage(tokens, MatchStage::kNormalized);
  for (AddedToken& token : chosen) token.content = normalize(token.content, options).text;
  return chosen;
}

std::size_t num_characters(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation_byte));
}

// Closes the gap before punctuation and English contractions, in the spaced token `token`.
void close_gaps(std::string& token) {
  constexpr std::array<std::string_view, 9> kClosed = {" .",  " ?",  " !",   " ,",  " n't",
                                                       " 'm", " 's", " 've", " 're"};
  for (const std::string_view spaced : kClosed) {
    for (auto at = token.find(spaced); at != std::string::npos; at = token.find(spaced, at)) {
      token.erase(at, 1);
    }
  }
}

}  // namespace

// A range of normalised text; its sources count from byte `offset` of the text encoded.
struct WordPiece::Word {
  const NormalizedText& normalized;
  ByteRange range;
  std::size_t offset = 0;

  [[nodiscard]] ByteRange source(ByteRange part) const {
    const ByteRange source = normalized.source(part);
    return {offset + source.begin, offset + source.end};
  }
};

WordPiece::WordPiece(TokenizerParts parts, WordPieceOptions options)
    : VocabularyTokenizer(std::move(parts)),
      options_(std::move(options)),
      unknown_(special_tokens().unknown.value()),
      verbatim_(tokens_of_stage(added_tokens(), MatchStage::kVerbatim)),
      normalized_(normalized_tokens(added_tokens(), options_.normalizer)) {
  const auto& tokens = vocabulary().tokens();
  continuations_.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::string_view token = tokens[id];
    longest_token_ = std::max(longest_token_, token.size());
    if (token.starts_with(options_.continuation_prefix)) {
      continuations_.emplace(token.substr(options_.continuation_prefix.size()),
                             static_cast<TokenId>(id));
    }
  }
}

Encoding WordPiece::encode_valid(std::string_view text) const {
  Encoding encoding;
  for (const TextPiece& piece : verbatim_.split(text)) {
    if (piece.id) {
      encoding.ids.push_back(*piece.id);
      encoding.ranges.push_back(piece.range);
    } else {
      encode_piece(text.substr(piece.range.begin, piece.range.end - piece.range.begin),
                   piece.range.begin, encoding);
    }
  }
  return encoding;
}

void WordPiece::encode_piece(std::string_view text, std::size_t offset, Encoding& encoding) const {
  const NormalizedText normalized = normalize(text, options_.normalizer);
  for (const TextPiece& piece : normalized_.split(normalized.text)) {
    const Word stretch{normalized, piece.range, offset};
    if (piece.id) {
      encoding.ids.push_back(*piece.id);
      encoding.ranges.push_back(stretch.source(piece.range));
    } else {
      encode_words(stretch, encoding);
    }
  }
}

void WordPiece::encode_words(const Word& stretch, Encoding& encoding) const {
  const std::string_view text = stretch.normalized.text;
  std::size_t word_begin = stretch.range.begin;
  const auto end_word = [&](std::size_t end) {
    if (word_begin < end) {
      encode_word({stretch.normalized, {word_begin, end}, stretch.offset}, encoding);
    }
  };
  for (std::size_t at = stretch.range.begin; at < stretch.range.end;) {
    const CodePoint next = code_point_at(text, at);
    const std::size_t next_at = at + next.num_bytes;
    const bool is_punctuation = is_bert_punctuation(next.value);
    if (is_punctuation || is_white_space(next.value)) {
      end_word(at);
      word_begin = is_punctuation ? at : next_at;
      if (is_punctuation) end_word(next_at);
      word_begin = next_at;
    }
    at = next_at;
  }
  end_word(stretch.range.end);
}

void WordPiece::encode_word(const Word& word, Encoding& encoding) const {
  const std::string_view text = std::string_view(word.normalized.text)
                                    .substr(word.range.begin, word.range.end - word.range.begin);
  const std::size_t num_before = encoding.ids.size();
  const auto give_up = [&] {
    encoding.ids.resize(num_before);
    encoding.ranges.resize(num_before);
    encoding.ids.push_back(unknown_);
    encoding.ranges.push_back(word.source(word.range));
  };
  if (num_characters(text) > options_.max_word_characters) return give_up();
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.size(), begin + longest_token_);
    std::optional<TokenId> id;
    for (; end > begin; --end) {
      if (end < text.size() && is_continuation_byte(text[end])) continue;
      const std::string_view part = text.substr(begin, end - begin);
      if (begin == 0) {
        id = vocabulary().find(part);
      } else if (const auto found = continuations_.find(part); found != continuations_.end()) {
        id = found->second;
      }
      if (id) break;
    }
    if (!id) return give_up();
    encoding.ids.push_back(*id);
    encoding.ranges.push_back(word.source({word.range.begin + begin, word.range.begin + end}));
    begin = end;
  }
}

std::string WordPiece::decode_token(TokenId id, std::size_t index) const {
  std::string text = token(id);
  if (index > 0) {
    if (text.starts_with(options_.continuation_prefix)) {
      text.erase(0, options_.continuation_prefix.size());
    } else {
      text.insert(0, 1, ' ');
    }
  }
  if (options_.is_cleaning_up_decoded) close_gaps(text);
  return text;
}

std::string WordPiece::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) text += decode_token(ids[i], i);
  return text;
}

}  // namespace bbprompt
