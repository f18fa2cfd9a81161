#include "report/readable_tokens.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bbprompt {
namespace {

constexpr std::string_view kLowerBlock = "\xE2\x96\x81";  // SentencePiece's blank

// Character for character of well-formed UTF-8 of two bytes at most; nothing for any other.
std::optional<std::uint32_t> next_character(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  if (lead < 0xC2 || lead > 0xDF || at == text.size()) return std::nullopt;
  const auto next = static_cast<unsigned char>(text[at++]);
  if ((next & 0xC0U) != 0x80U) return std::nullopt;
  return (lead & 0x1FU) << 6U | (next & 0x3FU);
}

bool is_its_own(std::uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// The byte that a character of GPT-2's alphabet stands for: itself where it is printable, else
// U+0100 and on in the order of the bytes.
std::optional<char> byte_of(std::uint32_t character) {
  if (character < 0x100)
    return is_its_own(character) ? std::optional(static_cast<char>(character)) : std::nullopt;
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 0x100; ++byte) {
    if (!is_its_own(byte) && next++ == character) return static_cast<char>(byte);
  }
  return std::nullopt;
}

using Pieces = std::vector<std::string>;

std::optional<Pieces> byte_level(const std::vector<std::string>& tokens) {
  Pieces pieces;
  for (const std::string& token : tokens) {
    std::string piece;
    for (std::size_t at = 0; at < token.size();) {
      const auto character = next_character(token, at);
      const auto byte = character ? byte_of(*character) : std::nullopt;
      if (!byte) return std::nullopt;
      piece += *byte;
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Pieces word_piece(const std::vector<std::string>& tokens) {
  Pieces pieces;
  for (const std::string& token : tokens) {
    const bool goes_on = token.starts_with("##") && token.size() > 2 && !pieces.empty();
    pieces.push_back(goes_on ? token.substr(2) : " " + token);
  }
  return pieces;
}

Pieces sentence_piece(const std::vector<std::string>& tokens) {
  Pieces pieces;
  for (const std::string& token : tokens) {
    std::string piece;
    for (std::size_t at = 0; at < token.size();) {
      const bool is_blank = std::string_view(token).substr(at).starts_with(kLowerBlock);
      piece += is_blank ? ' ' : token[at];
      at += is_blank ? kLowerBlock.size() : 1;
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

enum class Blanks { kCount, kIgnored };

std::string comparable(std::string_view text, Blanks blanks) {
  if (blanks == Blanks::kCount) {
    const std::size_t begin = text.find_first_not_of(' ');
    return std::string(text.substr(begin == text.npos ? text.size() : begin));
  }
  std::string kept;
  for (const char character : text) {
    if (character != ' ') kept += character;
  }
  return kept;
}

bool gives(const Pieces& pieces, const std::string& text, Blanks blanks) {
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  return comparable(whole, blanks) == comparable(text, blanks);
}

std::vector<ReadableToken> read(const Pieces& pieces) {
  std::vector<ReadableToken> tokens;
  for (const std::string& piece : pieces) {
    const bool has_blank = piece.starts_with(' ') && piece.size() > 1;
    tokens.push_back({.text = has_blank ? piece.substr(1) : piece,
                      .begins_a_word = has_blank || tokens.empty()});
  }
  return tokens;
}

}  // namespace

std::vector<ReadableToken> readable_tokens(const PromptRecord& prompt) {
  std::vector<Pieces> spellings{word_piece(prompt.tokens), sentence_piece(prompt.tokens)};
  if (auto pieces = byte_level(prompt.tokens)) spellings.insert(spellings.begin(), *pieces);
  // Tokenizers clean blanks up around punctuation.
  for (const Blanks blanks : {Blanks::kCount, Blanks::kIgnored}) {
    for (const Pieces& pieces : spellings) {
      if (gives(pieces, prompt.text, blanks)) return read(pieces);
    }
  }
  std::vector<ReadableToken> tokens;
  for (const std::string& token : prompt.tokens)
    tokens.push_back({.text = token, .begins_a_word = true});
  return tokens;
}

}  // namespace bbprompt
