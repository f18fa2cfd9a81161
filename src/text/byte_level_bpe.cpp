#include "text/byte_level_bpe.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "text/byte_alphabet.hpp"
#include "text/code_points.hpp"
#include "text/gpt2_words.hpp"

namespace bbprompt {
namespace {

std::string hex_byte(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

// The whole characters of `text` that the bytes of `range` belong to.
ByteRange whole_characters(std::string_view text, ByteRange range) {
  while (range.begin > 0 && is_continuation_byte(text[range.begin])) --range.begin;
  while (range.end < text.size() && is_continuation_byte(text[range.end])) ++range.end;
  return range;
}

ByteRange without_spaces(std::string_view text, ByteRange range) {
  while (range.begin < range.end && text[range.begin] == ' ') ++range.begin;
  while (range.begin < range.end && text[range.end - 1] == ' ') --range.end;
  return range;
}

ByteRange without_white_space(std::string_view text, ByteRange range) {
  while (range.begin < range.end) {
    const CodePoint first = code_point_at(text, range.begin);
    if (!is_white_space(first.value)) break;
    range.begin += first.num_bytes;
  }
  while (range.begin < range.end) {
    const CodePoint last = code_point_before(text, range.end);
    if (!is_white_space(last.value)) break;
    range.end -= last.num_bytes;
  }
  return range;
}

}  // namespace

// A stretch `range` of the whole text.
struct ByteLevelBpe::Piece {
  std::string_view whole_text;
  ByteRange range;
};

ByteLevelBpe::ByteLevelBpe(TokenizerParts parts, const ByteLevelBpeOptions& options)
    : VocabularyTokenizer(std::move(parts)),
      offset_style_(options.offset_style),
      prefix_space_(options.prefix_space),
      merges_(options.merges.rules.size()),
      verbatim_(tokens_of_stage(added_tokens(), MatchStage::kVerbatim)),
      normalized_(tokens_of_stage(added_tokens(), MatchStage::kNormalized)) {
  for (unsigned byte = 0; byte < byte_ids_.size(); ++byte) {
    const std::string& symbol = byte_symbol(static_cast<unsigned char>(byte));
    const auto id = vocabulary().find(symbol);
    if (!id) {
      throw ModelError(options.vocabulary_file,
                       "expected a token for each of the 256 bytes, found "
                       "no \"" +
                           symbol + "\" for byte " + hex_byte(byte) +
                           "; text with that byte would have no encoding");
    }
    byte_ids_[byte] = *id;
  }
  written_.reserve(vocabulary().size());
  num_bytes_.reserve(vocabulary().size());
  for (const std::string& token : vocabulary().tokens()) {
    written_.push_back(bytes_of_symbols(token).value_or(token));
    num_bytes_.push_back(static_cast<std::uint32_t>(written_.back().size()));
  }
  for (const AddedToken& token : added_tokens()) {
    written_[static_cast<std::size_t>(token.id)] = token.content;
  }
  add_merges(options.merges);
}

void ByteLevelBpe::add_merges(const MergeList& merges) {
  for (std::size_t i = 0; i < merges.rules.size(); ++i) {
    const MergeRule& rule = merges.rules[i];
    const auto fail = [&](const std::string& problem) {
      throw ModelError(merges.file,
                       merges.place + " " + std::to_string(merges.first + i) + ": " + problem);
    };
    const auto find = [&](const std::string& token, const char* role) {
      const auto id = vocabulary().find(token);
      if (!id) {
        fail("expected a merge of tokens of the vocabulary, found " + std::string(role) + " \"" +
             printable(token) + "\", which it lacks; merges and vocabulary must be of one model");
      }
      return *id;
    };
    const TokenId left = find(rule.left, "the left part");
    const TokenId right = find(rule.right, "the right part");
    const TokenId merged = find(rule.left + rule.right, "the result");
    if (!merges_.add(left, right, merged)) {
      fail("expected each merge once, found \"" + printable(rule.left + " " + rule.right) +
           "\" again");
    }
  }
}

Encoding ByteLevelBpe::encode_valid(std::string_view text) const {
  Encoding encoding;
  BpeMerges::Scratch scratch;
  for (const TextPiece& outer : verbatim_.split(text)) {
    if (outer.id) {
      append_added({text, outer.range}, *outer.id, encoding);
      continue;
    }
    const std::string_view rest =
        text.substr(outer.range.begin, outer.range.end - outer.range.begin);
    for (const TextPiece& inner : normalized_.split(rest)) {
      const Piece piece{
          text, {outer.range.begin + inner.range.begin, outer.range.begin + inner.range.end}};
      if (inner.id) {
        append_added(piece, *inner.id, encoding);
      } else {
        encode_piece(piece, encoding, scratch);
      }
    }
  }
  return encoding;
}

void ByteLevelBpe::append_added(const Piece& piece, TokenId id, Encoding& encoding) const {
  encoding.ids.push_back(id);
  encoding.ranges.push_back(offset_style_ == OffsetStyle::kTrimmed
                                ? without_white_space(piece.whole_text, piece.range)
                                : piece.range);
}

void ByteLevelBpe::encode_piece(const Piece& piece, Encoding& encoding,
                                BpeMerges::Scratch& scratch) const {
  const std::string_view whole = piece.whole_text;
  std::string_view text = whole.substr(piece.range.begin, piece.range.end - piece.range.begin);
  std::string prefixed;
  std::size_t num_added = 0;
  if (prefix_space_ == PrefixSpace::kAdd && text.front() != ' ') {
    prefixed = " " + std::string(text);
    text = prefixed;
    num_added = 1;
  }
  // Byte `at` of `text` is byte `at` + shift of the whole; the added space stands for nothing.
  const auto in_whole = [&](std::size_t at) {
    return piece.range.begin + std::max(at, num_added) - num_added;
  };
  std::vector<TokenId> word;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_word_end(text, begin);
    encode_word(text.substr(begin, end - begin), word, scratch);
    for (const TokenId id : word) {
      const std::size_t token_end = begin + num_bytes_[static_cast<std::size_t>(id)];
      ByteRange range = {in_whole(begin), in_whole(token_end)};
      if (offset_style_ == OffsetStyle::kTrimmed) range = without_spaces(whole, range);
      encoding.ids.push_back(id);
      encoding.ranges.push_back(range.begin == range.end ? range : whole_characters(whole, range));
      begin = token_end;
    }
  }
}

void ByteLevelBpe::encode_word(std::string_view word, std::vector<TokenId>& ids,
                               BpeMerges::Scratch& scratch) const {
  if (cache_.find(word, ids)) return;
  ids.clear();
  for (const char byte : word) ids.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  merges_.apply(ids, scratch);
  cache_.add(word, ids);
}

std::string ByteLevelBpe::decode(std::span<const TokenId> ids) const {
  std::string bytes;
  for (const TokenId id : ids) {
    static_cast<void>(token(id));  // throws for an id outside the vocabulary
    bytes += written_[static_cast<std::size_t>(id)];
  }
  return to_valid_utf8(std::move(bytes));
}

}  // namespace bbprompt
