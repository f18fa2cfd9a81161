#include "text/tokenizer_spec.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

// Gives every added token its id, and the vocabulary every token that only the list of added ones
// has.
std::vector<AddedToken> resolve_added(TokenizerSpec& spec) {
  std::unordered_map<std::string, TokenId> ids;
  ids.reserve(spec.vocabulary.size());
  for (const VocabularyEntry& entry : spec.vocabulary) ids.emplace(entry.token, entry.id);
  std::vector<AddedToken> added;
  std::unordered_set<std::string> seen;
  for (const AddedTokenEntry& entry : spec.added_tokens) {
    const std::string& content = entry.token.content;
    auto known = ids.find(content);
    if (known == ids.end()) {
      if (!entry.id) {
        throw ModelError(spec.file, "expected the special token " + in_quotes(content) +
                                        ", found no such token among " +
                                        std::to_string(spec.vocabulary.size()));
      }
      spec.vocabulary.push_back({content, *entry.id});
      known = ids.emplace(content, *entry.id).first;
    } else if (entry.id && *entry.id != known->second) {
      throw ModelError(spec.file, "expected one id for the added token " + in_quotes(content) +
                                      ", found " + std::to_string(*entry.id) + " and " +
                                      std::to_string(known->second));
    }
    if (!seen.insert(content).second) continue;
    added.push_back(entry.token);
    added.back().id = known->second;
  }
  return added;
}

TokenId find_token(const Vocabulary& vocabulary, const std::string& token,
                   const std::string& file) {
  const auto id = vocabulary.find(token);
  if (!id) {
    throw ModelError(file, "expected the special token " + in_quotes(token) +
                               ", found no such token among " + std::to_string(vocabulary.size()));
  }
  return *id;
}

SpecialTokens resolve_roles(TokenizerSpec& spec, const Vocabulary& vocabulary) {
  const auto find = [&](TokenRole preferred, TokenRole other) -> std::optional<TokenId> {
    const TokenRole role = spec.has_role(preferred) ? preferred : other;
    if (!spec.has_role(role)) return std::nullopt;
    return find_token(vocabulary, *spec.role(role), spec.file);
  };
  SpecialTokens special;
  special.begin = find(TokenRole::kClass, TokenRole::kBegin);
  special.separator = find(TokenRole::kSeparator, TokenRole::kEnd);
  special.pad = find(TokenRole::kPad, TokenRole::kPad);
  special.mask = find(TokenRole::kMask, TokenRole::kMask);
  special.unknown = find(TokenRole::kUnknown, TokenRole::kUnknown);
  return special;
}

std::vector<TemplatePiece> resolve_pieces(const std::vector<NamedTemplatePiece>& named,
                                          const Vocabulary& vocabulary, const std::string& file) {
  std::vector<TemplatePiece> pieces;
  for (const NamedTemplatePiece& piece : named) {
    pieces.push_back({piece.kind, piece.type_id, 0});
    if (piece.kind != TemplatePiece::Kind::kSpecial) continue;
    const TokenId id = find_token(vocabulary, piece.token, file);
    if (piece.id && *piece.id != id) {
      throw ModelError(file, "post_processor: expected id " + std::to_string(id) + " for " +
                                 in_quotes(piece.token) + ", as in the vocabulary, found " +
                                 std::to_string(*piece.id));
    }
    pieces.back().id = id;
  }
  return pieces;
}

NamedTemplatePiece text_piece(TemplatePiece::Kind kind, int type_id) {
  return {kind, type_id, {}, std::nullopt};
}

}  // namespace

NamedTemplatePiece special_piece(std::string token) {
  return {TemplatePiece::Kind::kSpecial, 0, std::move(token), std::nullopt};
}

NamedTemplate bert_template(const NamedTemplatePiece& begin, const NamedTemplatePiece& separator) {
  const NamedTemplatePiece first = text_piece(TemplatePiece::Kind::kFirst, 0);
  const NamedTemplatePiece second = text_piece(TemplatePiece::Kind::kSecond, 1);
  NamedTemplatePiece last = separator;
  last.type_id = 1;
  return {{begin, first, separator}, {begin, first, separator, second, last}};
}

NamedTemplate roberta_template(const NamedTemplatePiece& begin,
                               const NamedTemplatePiece& separator) {
  const NamedTemplatePiece first = text_piece(TemplatePiece::Kind::kFirst, 0);
  const NamedTemplatePiece second = text_piece(TemplatePiece::Kind::kSecond, 0);
  return {{begin, first, separator}, {begin, first, separator, separator, second, separator}};
}

bool TokenizerSpec::has_added(std::string_view content) const {
  return std::any_of(added_tokens.begin(), added_tokens.end(),
                     [&](const AddedTokenEntry& entry) { return entry.token.content == content; });
}

std::unique_ptr<Tokenizer> build_tokenizer(TokenizerSpec spec, const TokenizerOptions& options,
                                           std::string fingerprint) {
  std::vector<AddedToken> added = resolve_added(spec);
  Vocabulary vocabulary(std::move(spec.vocabulary), spec.file, options.model_vocabulary_size);
  const SpecialTokens special = resolve_roles(spec, vocabulary);
  ModelTemplate model_template = {resolve_pieces(spec.model_template.single, vocabulary, spec.file),
                                  resolve_pieces(spec.model_template.pair, vocabulary, spec.file)};
  TokenizerParts parts{std::move(vocabulary), std::move(added), special, std::move(model_template),
                       std::move(fingerprint)};
  if (const auto* bpe = std::get_if<ByteLevelBpeOptions>(&spec.model)) {
    return std::make_unique<ByteLevelBpe>(std::move(parts), *bpe);
  }
  return std::make_unique<WordPiece>(std::move(parts), std::get<WordPieceOptions>(spec.model));
}

}  // namespace bbprompt
