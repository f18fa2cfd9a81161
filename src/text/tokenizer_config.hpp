#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "text/model_files.hpp"
#include "text/tokenizer_spec.hpp"

namespace bbprompt {

// What tokenizer_config.json and special_tokens_map.json say; nothing where they do not.
struct TokenizerConfig {
  std::string file;                            // tokenizer_config.json, for messages
  std::optional<std::string> tokenizer_class;  // without "Fast"
  std::array<std::optional<AddedTokenEntry>, kRoleKeys.size()> roles;
  std::array<bool, kRoleKeys.size()> has_flags{};  // the file says how the token is matched
  std::vector<AddedTokenEntry> added_tokens;
  std::optional<bool> is_adding_prefix_space;
  std::optional<bool> is_lowercasing;
  std::optional<bool> is_stripping_accents;
  std::optional<bool> is_splitting_cjk;
};

// Reads both files where present. Throws ModelError for what would be run wrongly.
[[nodiscard]] TokenizerConfig read_tokenizer_config(ModelFiles& files);

// An added token {"content": ..., "lstrip": ..., ...}; refuses "single_word".
[[nodiscard]] AddedToken read_added_token(const JsonNode& node);

// Which added tokens the defaults of GPT-2 look at.
enum class DefaultSource { kVocabulary, kAddedTokens };

// Completes `spec.roles` and `spec.added_tokens`, for `spec.family`: what `spec` has stays,
// then comes what `config` names, then the family's usual spellings. BERT: [CLS], [SEP], [PAD],
// [UNK], [MASK]; RoBERTa: <s>, </s>, <pad>, <unk>, <mask>, all of which must then be in the
// vocabulary. GPT-2: <|endoftext|>, and where the files name no special token also RoBERTa's, where
// present. A <mask> whose matching is not described swallows the white space before it.
void complete_special_tokens(TokenizerSpec& spec, const TokenizerConfig& config,
                             DefaultSource source);

}  // namespace bbprompt
