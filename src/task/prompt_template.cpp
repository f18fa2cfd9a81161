#include "bbprompt/task/prompt_template.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

void check_text(std::string_view key, std::string_view text) {
  if (find_invalid_utf8(text) || text.find('\0') != std::string_view::npos) {
    throw SettingError(std::string(key),
                       "expected UTF-8 text without NUL, found \"" + printable(text) + "\"");
  }
}

void trim_left(std::string& text) {
  text.erase(0, std::min(text.find_first_not_of(kWhiteSpace), text.size()));
}

void trim_right(std::string& text) { text.erase(text.find_last_not_of(kWhiteSpace) + 1); }

bool is_space(char c) { return kWhiteSpace.find(c) != std::string_view::npos; }

}  // namespace

class PromptTemplate::Parser {
 public:
  Parser(const TaskOptions& task, ModelFamily family)
      : is_causal_(family == ModelFamily::kCausal), has_text_b_(!task.text_b.empty()) {
    const bool has_own = is_causal_ && !task.causal_template.empty();
    text_ = has_own ? task.causal_template : task.template_text;
    if (has_own) key_ = "task.template.causal";
  }

  [[nodiscard]] std::vector<Piece> parse() {
    check_text(key_, text_);
    while (at_ < text_.size()) {
      const std::string_view rest = std::string_view(text_).substr(at_);
      if (rest.starts_with("{{") || rest.starts_with("}}")) {
        literal_ += rest[0];
        at_ += 2;
      } else if (rest[0] == '{') {
        read_placeholder();
      } else if (rest[0] == '}') {
        fail(R"(found a "}" without "{"; write "}}" for a brace)");
      } else {
        literal_ += rest[0];
        ++at_;
      }
    }
    flush();
    check_counts();
    if (is_causal_) end_with_mask();
    return std::move(pieces_);
  }

 private:
  static constexpr std::array kSlots = {Slot::kPrompt, Slot::kTextA, Slot::kTextB, Slot::kMask,
                                        Slot::kSeparator};
  inline static const std::vector<std::string> kNames = {"prompt", "text_a", "text_b", "mask",
                                                         "sep"};

  void read_placeholder() {
    const std::size_t end = text_.find_first_of("{}", at_ + 1);
    if (end == std::string::npos || text_[end] == '{') {
      fail(R"(found a "{" without "}"; write "{{" for a brace)");
    }
    const std::string name = text_.substr(at_ + 1, end - at_ - 1);
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      fail("unknown placeholder \"{" + printable(name) + "}\"" + suggestion(name, kNames) +
           "; expected one of " + quoted_list(kNames));
    }
    const Slot slot = kSlots.at(static_cast<std::size_t>(found - kNames.begin()));
    if ((slot == Slot::kPrompt || slot == Slot::kMask) && count(slot) > 0) {
      fail("expected exactly one {" + name + "}, found a second");
    }
    if (slot == Slot::kTextB && !has_text_b_) {
      fail(
          "found {text_b}, but the task has single texts; name the second column in "
          "task.columns.text_b");
    }
    flush();
    pieces_.emplace_back(slot);
    at_ = end + 1;
    if (slot == Slot::kMask) after_mask_ = at_;
  }

  // Drops white space after {mask}, and refuses anything else.
  void end_with_mask() {
    const std::string after = text_.substr(after_mask_);
    if (after.find_first_not_of(kWhiteSpace) != std::string::npos) {
      throw SettingError(
          key_, "expected {mask} at the end, as this model answers after the text; found \"" +
                    printable(after) + "\" after it; write " + instead());
    }
    if (!after.empty()) pieces_.pop_back();
  }

  // A template that ends with {mask}: this one as far as that, where all it needs stands before.
  [[nodiscard]] std::string instead() const {
    std::string start = text_.substr(0, after_mask_);
    const auto mask = std::find(pieces_.begin(), pieces_.end(), Piece(Slot::kMask));
    const bool is_whole = std::none_of(mask + 1, pieces_.end(), [](const Piece& piece) {
      return std::holds_alternative<Slot>(piece) && piece != Piece(Slot::kSeparator);
    });
    if (!is_whole)
      start = has_text_b_ ? "{prompt}{text_a} {text_b} Answer: {mask}"
                          : "{prompt}{text_a} Answer: {mask}";
    const std::string form = "\"" + printable(start, 200) + "\"";
    if (key_ != "task.template") return form;
    return form + ", or both forms: template: {masked: \"" + printable(text_, 200) +
           "\", causal: " + form + "}";
  }

  void flush() {
    if (!literal_.empty()) pieces_.emplace_back(std::exchange(literal_, {}));
  }

  [[nodiscard]] std::ptrdiff_t count(Slot slot) const {
    return std::count(pieces_.begin(), pieces_.end(), Piece(slot));
  }

  void check_counts() const {
    const auto require = [&](Slot slot, const std::string& why) {
      if (count(slot) > 0) return;
      throw SettingError(key_, "expected " + why + " in \"" + printable(text_, 200) + "\"");
    };
    require(Slot::kPrompt, "exactly one {prompt}, where the prompt goes, found none");
    require(Slot::kMask, "exactly one {mask}, where the answer is asked, found none");
    require(Slot::kTextA, "{text_a}, the example's text, found none");
    if (has_text_b_) {
      require(Slot::kTextB, "{text_b}, as the task has a second text column, found none");
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    const auto begins_character = [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    };
    const auto before = text_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto number = 1 + std::count_if(text_.begin(), before, begins_character);
    throw SettingError(key_, "character " + std::to_string(number) + ": " + message + ", in \"" +
                                 printable(text_, 200) + "\"");
  }

  std::string key_ = "task.template";
  std::string text_;
  bool is_causal_;
  bool has_text_b_;
  std::size_t at_ = 0;
  std::size_t after_mask_ = 0;
  std::string literal_;
  std::vector<Piece> pieces_;
};

// Collects segments; neighbouring text becomes one segment.
class PromptTemplate::Builder {
 public:
  void add_text(std::string_view text) { current_.text += text; }

  void add_field(std::string_view text, int max_tokens) {
    const std::size_t begin = current_.text.size();
    current_.text += text;
    current_.fields.push_back(
        {.begin = begin, .end = current_.text.size(), .max_tokens = max_tokens});
  }

  void add(Segment segment) {
    flush();
    query_.segments.push_back(std::move(segment));
  }

  // Everything but the learned prompt.
  void add(const Piece& piece, const Example& example, int max_tokens) {
    if (const auto* text = std::get_if<std::string>(&piece)) return add_text(*text);
    switch (std::get<Slot>(piece)) {
      case Slot::kTextA:
        return add_field(example.text_a, max_tokens);
      case Slot::kTextB:
        return add_field(example.text_b, max_tokens);
      case Slot::kMask:
        return add(AnswerSlot{});
      case Slot::kSeparator:
        return add(Separator{});
      case Slot::kPrompt:
        return;
    }
  }

  [[nodiscard]] Query take() {
    flush();
    return std::move(query_);
  }

 private:
  void flush() {
    if (!current_.text.empty()) query_.segments.emplace_back(std::exchange(current_, {}));
  }

  TextSegment current_;
  Query query_;
};

PromptTemplate::PromptTemplate(const TaskOptions& task, ModelFamily family)
    : pieces_(Parser(task, family).parse()), max_field_tokens_(task.max_field_tokens) {
  for (const LabelOptions& label : task.labels) {
    answers_.push_back(label.words.empty() ? std::string() : label.words.front());
  }
}

Query PromptTemplate::render(const Example& example, const PromptTokens& prompt) const {
  return render_segment(example, prompt);
}

Query PromptTemplate::render(const Example& example, const PromptVectors& prompt) const {
  return render_segment(example, prompt);
}

Query PromptTemplate::render_segment(const Example& example, const Segment& prompt) const {
  Builder builder;
  for (const Piece& piece : pieces_) {
    if (piece == Piece(Slot::kPrompt)) {
      builder.add(prompt);
    } else {
      builder.add(piece, example, max_field_tokens_);
    }
  }
  return builder.take();
}

Query PromptTemplate::render(const Example& example, std::string_view prompt_text) const {
  return render(example, prompt_text, {});
}

Query PromptTemplate::render(const Example& example, std::string_view prompt_text,
                             const Demonstrations& demonstrations) const {
  const std::vector<Piece> pieces = with_prompt_text(prompt_text);
  Builder builder;
  add_demonstrations(pieces, demonstrations, builder);
  for (const Piece& piece : pieces) builder.add(piece, example, max_field_tokens_);
  return builder.take();
}

Query PromptTemplate::render_demonstrations(std::string_view prompt_text,
                                            const Demonstrations& demonstrations) const {
  Builder builder;
  add_demonstrations(with_prompt_text(prompt_text), demonstrations, builder);
  return builder.take();
}

void PromptTemplate::add_demonstrations(const std::vector<Piece>& pieces,
                                        const Demonstrations& demonstrations,
                                        Builder& builder) const {
  int max_tokens = demonstrations.max_field_tokens;
  if (max_tokens == 0 || (max_field_tokens_ > 0 && max_field_tokens_ < max_tokens)) {
    max_tokens = max_field_tokens_;
  }
  for (const Example* shown : demonstrations.examples) {
    for (const Piece& piece : pieces) {
      if (piece == Piece(Slot::kMask)) {
        builder.add_text(answers_.at(static_cast<std::size_t>(shown->label)));
      } else {
        builder.add(piece, *shown, max_tokens);
      }
    }
    builder.add(Separator{});
  }
}

std::vector<PromptTemplate::Piece> PromptTemplate::with_prompt_text(
    std::string_view prompt_text) const {
  check_text("task.manual_prompt", prompt_text);
  std::vector<Piece> pieces = pieces_;
  const auto at = std::find(pieces.begin(), pieces.end(), Piece(Slot::kPrompt));
  const bool is_first = at == pieces.begin();
  const bool is_last = at + 1 == pieces.end();
  auto* before = is_first ? nullptr : std::get_if<std::string>(&*(at - 1));
  auto* after = is_last ? nullptr : std::get_if<std::string>(&*(at + 1));
  const bool is_after_border = is_first || *(at - 1) == Piece(Slot::kSeparator);
  const bool is_before_border = is_last || *(at + 1) == Piece(Slot::kSeparator);
  const bool is_spaced_before = is_after_border || (before != nullptr && is_space(before->back()));
  const bool is_spaced_after = is_before_border || (after != nullptr && is_space(after->front()));

  std::string text(prompt_text);
  if (is_spaced_before) trim_left(text);
  if (is_spaced_after) trim_right(text);
  if (text.empty()) {
    if (is_spaced_before && after != nullptr) trim_left(*after);
    if (is_before_border && before != nullptr) trim_right(*before);
  }
  *at = std::move(text);
  return pieces;
}

}  // namespace bbprompt
