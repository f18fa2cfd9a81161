#include "text/added_tokens.hpp"

#include <algorithm>
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
    tokens_.push_back(token);
    add(static_cast<std::int32_t>(tokens_.size()) - 1);
  }
  link();
}

std::int32_t AddedTokenMatcher::child(std::int32_t state, char byte) const {
  std::int32_t found = states_[static_cast<std::size_t>(state)].first_child;
  while (found >= 0 && states_[static_cast<std::size_t>(found)].byte != byte)
    found = states_[static_cast<std::size_t>(found)].next_sibling;
  return found;
}

// Of two tokens of one content the first counts.
void AddedTokenMatcher::add(std::int32_t token) {
  std::int32_t state = 0;
  for (const char byte : tokens_[static_cast<std::size_t>(token)].content) {
    std::int32_t following = child(state, byte);
    if (following < 0) {
      following = static_cast<std::int32_t>(states_.size());
      State& parent = states_[static_cast<std::size_t>(state)];
      const State added{
          .byte = byte, .depth = parent.depth + 1, .next_sibling = parent.first_child};
      parent.first_child = following;
      states_.push_back(added);
    }
    state = following;
  }
  std::int32_t& ends_here = states_[static_cast<std::size_t>(state)].token;
  if (ends_here < 0) ends_here = token;
}

// By ascending depth: what a state falls back to is shorter, and so is ready.
void AddedTokenMatcher::link() {
  std::vector<std::int32_t> waiting{0};
  for (std::size_t k = 0; k < waiting.size(); ++k) {
    const std::int32_t parent = waiting[k];
    std::int32_t at = states_[static_cast<std::size_t>(parent)].first_child;
    for (; at >= 0; at = states_[static_cast<std::size_t>(at)].next_sibling) {
      State& state = states_[static_cast<std::size_t>(at)];
      if (parent != 0)
        state.shorter = next(states_[static_cast<std::size_t>(parent)].shorter, state.byte);
      const State& shorter = states_[static_cast<std::size_t>(state.shorter)];
      state.inner = shorter.token >= 0 ? shorter.token : shorter.inner;
      waiting.push_back(at);
    }
  }
}

std::int32_t AddedTokenMatcher::next(std::int32_t state, char byte) const {
  while (true) {
    const std::int32_t found = child(state, byte);
    if (found >= 0) return found;
    if (state == 0) return 0;
    state = states_[static_cast<std::size_t>(state)].shorter;
  }
}

AddedTokenMatcher::Match AddedTokenMatcher::find(std::string_view text, std::size_t at) const {
  Match best;
  std::int32_t state = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    state = next(state, text[i]);
    const State& reached = states_[static_cast<std::size_t>(state)];
    // No token that is still being read begins where the best one does, or before.
    if (best.token >= 0 && i + 1 - static_cast<std::size_t>(reached.depth) > best.begin) break;
    for (const std::int32_t token : {reached.token, reached.inner}) {
      if (token < 0) continue;
      const std::size_t begin = i + 1 - tokens_[static_cast<std::size_t>(token)].content.size();
      if (best.token < 0 || begin <= best.begin) best = {.begin = begin, .token = token};
    }
  }
  return best;
}

std::vector<TextPiece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;  // everything before is in `pieces`
  if (is_empty()) {
    if (!text.empty()) pieces.push_back({{0, text.size()}, std::nullopt});
    return pieces;
  }
  for (Match match = find(text, 0); match.token >= 0; match = find(text, done)) {
    const AddedToken& token = tokens_[static_cast<std::size_t>(match.token)];
    std::size_t end = match.begin + token.content.size();
    const std::size_t begin =
        token.is_lstrip ? white_space_begin(text, match.begin, done) : match.begin;
    if (token.is_rstrip) end = white_space_end(text, end);
    if (begin > done) pieces.push_back({{done, begin}, std::nullopt});
    pieces.push_back({{begin, end}, token.id});
    done = end;
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
