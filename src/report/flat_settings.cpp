#include "report/flat_settings.hpp"

#include <algorithm>

#include "bbprompt/base/sha256.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxValueBytes = 64;
constexpr std::size_t kHeadBytes = 40;

// The key before the colon of "key: value", or all of a line that has none.
std::string_view key_of(std::string_view line) {
  std::size_t end = 0;
  if (line.starts_with('"')) {
    for (end = 1; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\' ? 1 : 0;
  }
  return line.substr(0, line.find(':', std::min(end, line.size())));
}

// Where a line stands: the keys above it with their indents.
struct Place {
  std::size_t indent;
  std::string path;
};

std::string path_of(const std::vector<Place>& above, std::string_view key) {
  return above.empty() ? std::string(key) : above.back().path + "." + std::string(key);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view() : text.substr(begin);
}

void add_line(FlatSettings& settings, std::vector<Place>& above, std::string_view line) {
  const std::string_view body = without_blanks(line);
  const std::size_t indent = line.size() - body.size();
  while (!above.empty() && above.back().indent >= indent) above.pop_back();
  if (body.starts_with("- ") && !above.empty()) {
    settings.emplace_back(above.back().path, body.substr(2));
    return;
  }
  const std::string_view key = key_of(body);
  const std::string path = path_of(above, key);
  const bool has_value = key.size() < body.size();
  const std::string_view value = has_value ? without_blanks(body.substr(key.size() + 1)) : "";
  if (has_value && value.empty()) {
    above.push_back({indent, path});
  } else {
    settings.emplace_back(path, value);
  }
}

// Values of one key, as those of a list are, next to each other.
FlatSettings joined(const FlatSettings& settings) {
  FlatSettings result;
  for (const auto& [key, value] : settings) {
    if (!result.empty() && result.back().first == key) {
      result.back().second += ", " + value;
    } else {
      result.emplace_back(key, value);
    }
  }
  return result;
}

template <typename Visit>
void each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

FlatSettings flat_settings(std::string_view yaml) {
  FlatSettings settings;
  std::vector<Place> above;
  each_line(yaml, [&](std::string_view line) {
    if (!without_blanks(line).empty()) add_line(settings, above, line);
  });
  return joined(settings);
}

std::string text_without_seed(std::string_view yaml) {
  std::string text;
  text.reserve(yaml.size());
  each_line(yaml, [&](std::string_view line) {
    if (line.starts_with("name:") || line.starts_with("seeds:")) return;
    text.append(line) += '\n';
  });
  return text;
}

std::string short_hash(std::string_view text) { return sha256_hex(text).substr(0, 8); }

std::string shown_value(std::string_view value) {
  std::string text;
  const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"' &&
                         value.find('"', 1) == value.size() - 1 && value.find('\\') == value.npos;
  text = is_quoted && value.size() > 2 ? value.substr(1, value.size() - 2) : value;
  if (text.size() <= kMaxValueBytes) return text;
  std::size_t end = kHeadBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "\xE2\x80\xA6 " + short_hash(value);
}

}  // namespace bbprompt
