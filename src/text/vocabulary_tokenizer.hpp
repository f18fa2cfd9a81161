#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/text/tokenizer.hpp"
#include "text/added_tokens.hpp"
#include "text/vocabulary.hpp"

namespace bbprompt {

// One element of a model's input: the first text, the second, or a special token.
struct TemplatePiece {
  enum class Kind { kFirst, kSecond, kSpecial };
  Kind kind = Kind::kFirst;
  int type_id = 0;
  TokenId id = 0;  // of a special token
};

// How a model wants one text and a pair wrapped. No pieces for pairs: the model knows none.
struct ModelTemplate {
  std::vector<TemplatePiece> single = {TemplatePiece{}};
  std::vector<TemplatePiece> pair;
};

// What every tokenizer has, whatever its algorithm.
struct TokenizerParts {
  Vocabulary vocabulary;
  std::vector<AddedToken> added_tokens;
  SpecialTokens special_tokens;
  ModelTemplate model_template;
  std::string fingerprint;
};

// The part of the contract that does not depend on the algorithm.
class VocabularyTokenizer : public Tokenizer {
 public:
  explicit VocabularyTokenizer(TokenizerParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] Encoding encode(std::string_view text) const final;
  [[nodiscard]] ModelInput encode_for_model(std::string_view text,
                                            std::optional<std::string_view> pair) const final;
  [[nodiscard]] const std::string& token(TokenId id) const final {
    return parts_.vocabulary.token(id);
  }
  [[nodiscard]] std::optional<TokenId> find_token(std::string_view token) const final {
    return parts_.vocabulary.find(token);
  }
  [[nodiscard]] bool mask_strips_left() const final;
  [[nodiscard]] std::size_t vocabulary_size() const final { return parts_.vocabulary.size(); }
  [[nodiscard]] const SpecialTokens& special_tokens() const final { return parts_.special_tokens; }
  [[nodiscard]] const std::string& fingerprint() const final { return parts_.fingerprint; }

 protected:
  [[nodiscard]] const Vocabulary& vocabulary() const { return parts_.vocabulary; }
  [[nodiscard]] const std::vector<AddedToken>& added_tokens() const { return parts_.added_tokens; }

 private:
  // encode() of valid UTF-8; ranges begin and end at characters.
  [[nodiscard]] virtual Encoding encode_valid(std::string_view text) const = 0;

  TokenizerParts parts_;
};

}  // namespace bbprompt
