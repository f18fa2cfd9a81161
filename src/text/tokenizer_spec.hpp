#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bbprompt/text/tokenizer.hpp"
#include "text/added_tokens.hpp"
#include "text/byte_level_bpe.hpp"
#include "text/vocabulary.hpp"
#include "text/word_piece.hpp"

namespace bbprompt {

enum class TokenizerFamily { kBert, kRoberta, kGpt2 };

// Special tokens as Hugging Face's configuration files name them.
enum class TokenRole { kBegin, kEnd, kUnknown, kSeparator, kPad, kClass, kMask };
inline constexpr std::array<const char*, 7> kRoleKeys = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

// A piece of a template by the token's spelling; `id` is checked against it where a file gives one.
struct NamedTemplatePiece {
  TemplatePiece::Kind kind = TemplatePiece::Kind::kFirst;
  int type_id = 0;
  std::string token;
  std::optional<TokenId> id;
};

struct NamedTemplate {
  std::vector<NamedTemplatePiece> single = {NamedTemplatePiece{}};
  std::vector<NamedTemplatePiece> pair;  // empty: the model knows no pairs
};

// `[CLS] a [SEP] b [SEP]` with the second text of type 1.
[[nodiscard]] NamedTemplate bert_template(const NamedTemplatePiece& begin,
                                          const NamedTemplatePiece& separator);
// `<s> a </s></s> b </s>`, all of type 0.
[[nodiscard]] NamedTemplate roberta_template(const NamedTemplatePiece& begin,
                                             const NamedTemplatePiece& separator);
[[nodiscard]] NamedTemplatePiece special_piece(std::string token);

// An added token as a file describes it. Without an id the vocabulary must have it.
struct AddedTokenEntry {
  AddedToken token;  // its id is unset
  std::optional<TokenId> id;
};

// A tokenizer as its files describe it, not yet checked as a whole.
struct TokenizerSpec {
  TokenizerFamily family = TokenizerFamily::kGpt2;
  std::string file;  // that holds the vocabulary, for messages
  std::vector<VocabularyEntry> vocabulary;
  std::vector<AddedTokenEntry> added_tokens;  // of equal contents the first counts
  std::array<std::optional<std::string>, kRoleKeys.size()> roles;
  NamedTemplate model_template;
  std::variant<ByteLevelBpeOptions, WordPieceOptions> model;

  [[nodiscard]] std::optional<std::string>& role(TokenRole which) {
    return roles[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] bool has_role(TokenRole which) const {
    return roles[static_cast<std::size_t>(which)].has_value();
  }
  [[nodiscard]] bool has_added(std::string_view content) const;
};

// Checks the whole and makes the tokenizer. Throws ModelError.
[[nodiscard]] std::unique_ptr<Tokenizer> build_tokenizer(TokenizerSpec spec,
                                                         const TokenizerOptions& options,
                                                         std::string fingerprint);

}  // namespace bbprompt
