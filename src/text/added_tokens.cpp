#include "text/added_tokens.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "text/code_points.hpp"

namespace bbprompt {
namespace {

// Where the white space that ends at `end` begins, not before `limit`.
std::size_t white_space_begin(std::string_view text, std::size_t end, std::size_t limit) {
  while (end > limit) {
    const CodePoint last = code_point_before(text, end);
    if (!is_white_space(last.value)) break;
    end -= last.num_bytes;
  }
  return end;
}

std::size_t white_space_end(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const CodePoint first = code_point_at(text, begin);
    if (!is_white_space(first.value)) break;
    begin += first.num_bytes;
  }
  return begin;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(const std::vector<AddedToken>& tokens) {
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;  // normalised to nothing
    tokens_.emplace(token.content, token);
    lengths_[token.content.front()].push_back(token.content.size());
  }
  for (auto& [first, lengths] : lengths_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    first_bytes_.push_back(first);
  }
}

const AddedToken* AddedTokenMatcher::match_at(std::string_view text, std::size_t at) const {
  for (const std::size_t length : lengths_.at(text[at])) {
    if (length > text.size() - at) continue;
    const auto found = tokens_.find(std::string(text.substr(at, length)));
    if (found != tokens_.end()) return &found->second;
  }
  return nullptr;
}

std::vector<TextPiece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;  // everything before is in `pieces`
  std::size_t at = text.find_first_of(first_bytes_);
  while (at < text.size()) {
    const AddedToken* token = match_at(text, at);
    if (token == nullptr) {
      at = text.find_first_of(first_bytes_, at + 1);
      continue;
    }
    std::size_t end = at + token->content.size();
    const std::size_t begin = token->is_lstrip ? white_space_begin(text, at, done) : at;
    if (token->is_rstrip) end = white_space_end(text, end);
    if (begin > done) pieces.push_back({{done, begin}, std::nullopt});
    pieces.push_back({{begin, end}, token->id});
    done = end;
    at = text.find_first_of(first_bytes_, end);
  }
  if (done < text.size()) pieces.push_back({{done, text.size()}, std::nullopt});
  return pieces;
}

std::vector<AddedToken> tokens_of_stage(const std::vector<AddedToken>& tokens, MatchStage stage) {
  std::vector<AddedToken> chosen;
  std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(chosen),
               [&](const AddedToken& token) {
                 return token.is_normalized == (stage == MatchStage::kNormalized);
               });
  return chosen;
}

}  // namespace bbprompt
