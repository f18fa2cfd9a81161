#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/bpe_merges.hpp"
#include "text/vocabulary_tokenizer.hpp"
#include "text/word_cache.hpp"

namespace bbprompt {

enum class OffsetStyle {
  kWithSpaces,  // GPT-2: " great" is the range of "Ġgreat"
  kTrimmed      // RoBERTa: "great" is
};
enum class PrefixSpace {
  kNone,
  kAdd  // before every piece of text that begins with none
};

struct MergeRule {
  std::string left;
  std::string right;
};

// Merge rules and where they stand, for messages: rule i at "`place` `first` + i" of `file`.
struct MergeList {
  std::string file;
  std::string place;
  std::size_t first = 0;
  std::vector<MergeRule> rules;
};

struct ByteLevelBpeOptions {
  MergeList merges;
  std::string vocabulary_file;  // for messages
  OffsetStyle offset_style = OffsetStyle::kWithSpaces;
  PrefixSpace prefix_space = PrefixSpace::kNone;
};

// Byte-level byte-pair encoding of GPT-2 and RoBERTa: every text has an encoding, and
// decode(encode(text)) == text unless an added token swallowed white space, a space was added, or
// the text was not UTF-8. A token that holds a part of a character has the range of the whole one;
// the space that PrefixSpace::kAdd puts in front has none.
class ByteLevelBpe final : public VocabularyTokenizer {
 public:
  // Throws ModelError if the vocabulary lacks a byte's symbol or a token that a rule names or
  // makes.
  ByteLevelBpe(TokenizerParts parts, const ByteLevelBpeOptions& options);

  [[nodiscard]] std::string decode(std::span<const TokenId> ids) const override;

 private:
  struct Piece;
  [[nodiscard]] Encoding encode_valid(std::string_view text) const override;
  void encode_piece(const Piece& piece, Encoding& encoding, BpeMerges::Scratch& scratch) const;
  void encode_word(std::string_view word, std::vector<TokenId>& ids,
                   BpeMerges::Scratch& scratch) const;
  void append_added(const Piece& piece, TokenId id, Encoding& encoding) const;
  void add_merges(const MergeList& merges);

  OffsetStyle offset_style_;
  PrefixSpace prefix_space_;
  std::array<TokenId, 256> byte_ids_{};
  std::vector<std::string> written_;      // what decode writes, by id
  std::vector<std::uint32_t> num_bytes_;  // of text that an id made by merges stands for
  BpeMerges merges_;
  mutable WordCache cache_;
  AddedTokenMatcher verbatim_;
  AddedTokenMatcher normalized_;
};

}  // namespace bbprompt
