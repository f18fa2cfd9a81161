#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/types.hpp"

namespace bbprompt {

// Half-open byte range of the text that a token came from; it begins and ends at characters, so
// that tokens that share one have equal ranges. RoBERTa's leave out spaces around the token (a
// token of spaces alone has an empty range). Code-point offsets, as Hugging Face counts them,
// follow by counting characters.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Tokens of one text, without the special tokens a model wraps around it.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<ByteRange> ranges;  // one per id
};

// Ids of the special tokens; nothing where the vocabulary has none.
struct SpecialTokens {
  std::optional<TokenId> begin;      // [CLS], <s>
  std::optional<TokenId> separator;  // [SEP], </s>
  std::optional<TokenId> pad;
  std::optional<TokenId> mask;
  std::optional<TokenId> unknown;
};

// Sequence pair with special tokens around it, as the model was trained on it.
struct ModelInput {
  std::vector<TokenId> ids;
  std::vector<int> type_ids;                 // 0 or 1
  std::vector<std::optional<int>> sequence;  // 0, 1; nothing for added special tokens
  std::vector<ByteRange> ranges;             // {0, 0} for added special tokens
};

// Text to token ids and back. Const and safe to share between threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Tokens of `text`. Special tokens written out in the text ("<mask>") are recognised, as in
  // Hugging Face. Invalid UTF-8 is read as U+FFFD, byte by byte.
  [[nodiscard]] virtual Encoding encode(std::string_view text) const = 0;

  // Adds the model's special tokens: `<s> a </s>`, `<s> a </s></s> b </s>`, `[CLS] a [SEP] b
  // [SEP]`; GPT-2 adds none. Throws Error for a pair where the model knows none.
  [[nodiscard]] virtual ModelInput encode_for_model(
      std::string_view text, std::optional<std::string_view> pair = std::nullopt) const = 0;

  // Text of the ids, special tokens written out. Throws Error for an id outside the vocabulary.
  [[nodiscard]] virtual std::string decode(std::span<const TokenId> ids) const = 0;

  // The token as the vocabulary file spells it ("Ġgreat", "##ing").
  [[nodiscard]] virtual const std::string& token(TokenId id) const = 0;
  [[nodiscard]] virtual std::optional<TokenId> find_token(std::string_view token) const = 0;

  // Whether the mask token swallows the white space before it (RoBERTa's <mask>, lstrip).
  [[nodiscard]] virtual bool mask_strips_left() const = 0;

  [[nodiscard]] virtual std::size_t vocabulary_size() const = 0;
  [[nodiscard]] virtual const SpecialTokens& special_tokens() const = 0;

  // Identifies vocabulary and rules: SHA-256 over the files read.
  [[nodiscard]] virtual const std::string& fingerprint() const = 0;
};

struct TokenizerOptions {
  // Rows of the model's embedding; ids beyond are refused. 0: not checked.
  std::size_t model_vocabulary_size = 0;
};

// Reads the tokenizer of a Hugging Face model folder: `tokenizer.json` where there is one, else
// `vocab.json` with `merges.txt` (byte-level BPE) or `vocab.txt` (WordPiece), with
// `tokenizer_config.json` and `special_tokens_map.json` where present; the family (RoBERTa, BERT,
// GPT-2) from `config.json` where the tokenizer files leave it open, and without that from the
// vocabulary: RoBERTa where it has `<s>` and `<mask>`. BERT and RoBERTa must have all their special
// tokens. Where both forms are present they must hold the same vocabulary and merges. Throws
// ModelError naming the file, also for rules that are not supported.
[[nodiscard]] std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& model_folder,
                                                        const TokenizerOptions& options = {});

// Throws ModelError unless there is a folder: a name such as "roberta-base" is none, and nothing is
// downloaded.
void require_model_folder(const std::filesystem::path& folder);

}  // namespace bbprompt
