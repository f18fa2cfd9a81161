#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "text/bert_normalizer.hpp"
#include "text/vocabulary_tokenizer.hpp"

namespace bbprompt {

struct WordPieceOptions {
  BertNormalizerOptions normalizer;
  std::string continuation_prefix = "##";
  std::size_t max_word_characters = 100;  // longer words are unknown
  bool is_cleaning_up_decoded = true;     // decode leaves out the space before . ? ! , n't 's ...
};

// WordPiece of BERT: normalised text, cut at white space and punctuation, each word covered from
// its left by the longest tokens; a word that cannot be covered is one unknown token.
class WordPiece final : public VocabularyTokenizer {
 public:
  // `parts.special_tokens.unknown` must be set.
  WordPiece(TokenizerParts parts, WordPieceOptions options);

  [[nodiscard]] std::string decode(std::span<const TokenId> ids) const override;

 private:
  struct Word;
  [[nodiscard]] Encoding encode_valid(std::string_view text) const override;
  void encode_piece(std::string_view text, std::size_t offset, Encoding& encoding) const;
  void encode_words(const Word& stretch, Encoding& encoding) const;
  void encode_word(const Word& word, Encoding& encoding) const;
  [[nodiscard]] std::string decode_token(TokenId id, std::size_t index) const;

  WordPieceOptions options_;
  TokenId unknown_;
  std::unordered_map<std::string_view, TokenId> continuations_;  // without the prefix
  std::size_t longest_token_ = 0;                                // bytes
  AddedTokenMatcher verbatim_;
  AddedTokenMatcher normalized_;
};

}  // namespace bbprompt
