#include "bbprompt/query/server_view.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void strip_right(std::string& text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
}

// Its first `max_words` words, with the blanks between them; 0: all.
std::string_view first_words(std::string_view text, int max_words) {
  if (max_words <= 0) return text;
  std::size_t end = 0;
  for (int i = 0; i < max_words; ++i) {
    std::size_t at = end;
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) return text;
    while (at < text.size() && !is_blank(text[at])) ++at;
    end = at;
  }
  return text.substr(0, end);
}

std::string cut_fields(const TextSegment& segment) {
  std::string text;
  std::size_t done = 0;
  for (const ExampleField& field : segment.fields) {
    text += segment.text.substr(done, field.begin - done);
    const std::string_view whole(segment.text);
    text += first_words(whole.substr(field.begin, field.end - field.begin), field.max_tokens);
    done = field.end;
  }
  return text + segment.text.substr(done);
}

}  // namespace

ServerView::ServerView(const ServerOptions& options) : options_(options) {
  if (!options.tokenizer.empty()) tokenizer_ = load_tokenizer(options.tokenizer);
  if (options.is_masked && tokenizer_ == nullptr) {
    throw ModelError(options.name,
                     "expected model.tokenizer, the folder of the served model's tokenizer, for a "
                     "masked model; found none");
  }
  const std::string identity = "server\n" + options.name + "\n" + options.revision + "\n" +
                               (tokenizer_ ? tokenizer_->fingerprint() : std::string());
  info_ = {.name = options.name,
           .fingerprint = sha256_hex(identity),
           .max_tokens = options.max_tokens,
           .hidden_size = 0,
           .num_layers = 0,
           .family = options.is_masked ? ModelFamily::kMasked : ModelFamily::kCausal};
  if (tokenizer_ == nullptr) return;
  layout_ = std::make_unique<InputLayout>(
      tokenizer_, InputRules{.model = options.name,
                             .family = info_.family,
                             .max_tokens = options.max_tokens,
                             .vocabulary_size = static_cast<int>(tokenizer_->vocabulary_size())});
}

ServerView::Prompt ServerView::text_prompt(const Query& query) const {
  Prompt prompt;
  int num_answers = 0;
  for (const Segment& segment : query.segments) {
    if (num_answers > 0) throw ModelError(info_.name, "expected the answer slot at the end");
    if (const auto* text = std::get_if<TextSegment>(&segment)) {
      prompt.text += cut_fields(*text);
    } else if (std::holds_alternative<Separator>(segment)) {
      prompt.text += "\n";
    } else if (std::holds_alternative<AnswerSlot>(segment)) {
      ++num_answers;
    } else {
      throw ModelError(info_.name,
                       "expected a prompt of text, as this server's tokens are not known here; "
                       "found tokens or vectors. Set model.tokenizer");
    }
  }
  if (num_answers != 1) throw ModelError(info_.name, "expected one answer slot in a query");
  strip_right(prompt.text);
  return prompt;
}

ServerView::Prompt ServerView::prompt(const Query& query, int num_reserved) const {
  if (layout_ == nullptr) return text_prompt(query);
  LaidOutQuery input = layout_->lay_out(query, num_reserved);
  if (!input.vectors.empty()) {
    throw ModelError(info_.name,
                     "a server takes texts and tokens, no vectors; use prompt.kind: discrete");
  }
  Prompt prompt{.ids = std::move(input.ids), .text = {}, .is_truncated = input.is_truncated};
  prompt.text = tokenizer_->decode(prompt.ids);
  return prompt;
}

std::int64_t ServerView::count_tokens(const Query& query) const {
  if (layout_ != nullptr) return static_cast<std::int64_t>(layout_->lay_out(query).ids.size());
  // A token has about four bytes of English text.
  return static_cast<std::int64_t>(text_prompt(query).text.size() + 3) / 4;
}

std::int64_t ServerView::count_tokens_with(const Query& query,
                                           std::span<const Answer> answers) const {
  if (layout_ == nullptr) return count_tokens(query);
  return layout_->count_with(query, answers);
}

AnswerToken ServerView::answer_token(std::string_view word) const {
  const bool has_space = options_.api == ServerApi::kCompletions;
  std::string text(word.substr(std::min(word.find_first_not_of(' '), word.size())));
  if (text.empty()) throw ModelError(info_.name, "expected an answer word, found blanks");
  if (has_space) text.insert(0, " ");
  if (tokenizer_ == nullptr) {
    auto known = std::find(words_.begin(), words_.end(), text);
    if (known == words_.end()) known = words_.insert(words_.end(), text);
    return {.id = static_cast<TokenId>(known - words_.begin()), .token = text};
  }
  const std::vector<TokenId> ids = tokenizer_->encode(text).ids;
  const auto& unknown = tokenizer_->special_tokens().unknown;
  if (ids.empty() || (unknown && std::find(ids.begin(), ids.end(), *unknown) != ids.end())) {
    throw ModelError(options_.tokenizer.string(),
                     "expected an answer word that the vocabulary can spell, found \"" +
                         printable(word) + "\"; choose another word");
  }
  const bool is_whole = has_space && info_.family == ModelFamily::kCausal;
  return {
      .id = ids.front(),
      .token = tokenizer_->token(ids.front()),
      .num_tokens = static_cast<int>(ids.size()),
      .rest = is_whole ? std::vector<TokenId>(ids.begin() + 1, ids.end()) : std::vector<TokenId>()};
}

std::string ServerView::answer_text(const Answer& answer) const {
  if (tokenizer_ == nullptr) return words_.at(static_cast<std::size_t>(answer.first()));
  return tokenizer_->decode(answer.ids());
}

}  // namespace bbprompt
