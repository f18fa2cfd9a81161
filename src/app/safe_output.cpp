#include "app/safe_output.hpp"

#include <iostream>

#include "bbprompt/base/safe_text.hpp"

namespace bbprompt {
namespace {

// A character is not cut in two: what may be the beginning of one waits for its end.
std::size_t whole_characters(const std::string& text) {
  std::size_t begin = text.size();
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    if (length > back) begin = text.size() - back;
    break;
  }
  return begin;
}

}  // namespace

SafeOutput::~SafeOutput() { (void)hand_on(waiting_.size()); }

bool SafeOutput::hand_on(std::size_t count) {
  const std::string text = safe_text(std::string_view(waiting_).substr(0, count));
  waiting_.erase(0, count);
  const auto size = static_cast<std::streamsize>(text.size());
  return target_->sputn(text.data(), size) == size;
}

SafeOutput::int_type SafeOutput::overflow(int_type letter) {
  if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
  const char one = traits_type::to_char_type(letter);
  return xsputn(&one, 1) == 1 ? letter : traits_type::eof();
}

std::streamsize SafeOutput::xsputn(const char* text, std::streamsize count) {
  waiting_.append(text, static_cast<std::size_t>(count));
  const std::size_t end = waiting_.rfind('\n');
  constexpr std::size_t kMost = 1 << 16;
  if (end != std::string::npos && !hand_on(end + 1)) return 0;
  if (waiting_.size() > kMost && !hand_on(whole_characters(waiting_))) return 0;
  return count;
}

int SafeOutput::sync() {
  const bool is_written = hand_on(whole_characters(waiting_));
  return is_written && target_->pubsync() == 0 ? 0 : -1;
}

std::ostream& error_output() {
  static SafeOutput output(std::cerr.rdbuf());
  static std::ostream stream(&output);
  stream.setf(std::ios::unitbuf);  // as std::cerr
  return stream;
}

SafeStandardOutput::SafeStandardOutput() : before_(std::cout.rdbuf()), output_(before_) {
  std::cout.rdbuf(&output_);
}

SafeStandardOutput::~SafeStandardOutput() {
  std::cout.flush();
  std::cout.rdbuf(before_);
}

}  // namespace bbprompt
