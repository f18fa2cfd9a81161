#include "text/vocabulary_files.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

[[noreturn]] void fail_at_line(const std::string& file, std::size_t line,
                               const std::string& message) {
  throw ModelError(file, "line " + std::to_string(line) + ": " + message);
}

// Lines without their ends. Throws unless all of it is UTF-8 without NULs.
std::vector<std::string_view> split_lines(std::string_view contents, const std::string& file) {
  const auto line_of = [&](std::size_t offset) {
    return 1 + static_cast<std::size_t>(std::count(
                   contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
  };
  if (const auto invalid = find_invalid_utf8(contents)) {
    fail_at_line(file, line_of(*invalid),
                 "expected UTF-8, found an invalid byte at byte " + std::to_string(*invalid) +
                     " of the file");
  }
  if (const auto nul = contents.find('\0'); nul != std::string_view::npos) {
    fail_at_line(file, line_of(nul), "expected text, found a NUL character");
  }
  std::vector<std::string_view> lines;
  while (!contents.empty()) {
    const std::size_t end = std::min(contents.find('\n'), contents.size());
    std::string_view line = contents.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    contents.remove_prefix(std::min(end + 1, contents.size()));
  }
  return lines;
}

}  // namespace

TokenId read_token_id(const JsonNode& id) {
  const std::int64_t value = id.integer();
  if (value < 0 || value > std::numeric_limits<TokenId>::max()) {
    id.fail("a token id, 0 to 2147483647", std::to_string(value));
  }
  return static_cast<TokenId>(value);
}

std::vector<VocabularyEntry> read_vocabulary(const JsonNode& vocabulary) {
  std::vector<VocabularyEntry> entries;
  entries.reserve(vocabulary.members().size());
  for (const auto& [token, id] : vocabulary.members()) {
    const JsonNode node(id, vocabulary.file(), "id of \"" + printable(token) + '"');
    entries.push_back({token, read_token_id(node)});
  }
  return entries;
}

std::vector<VocabularyEntry> parse_vocabulary_lines(std::string_view contents,
                                                    const std::string& file) {
  std::vector<VocabularyEntry> entries;
  std::unordered_map<std::string_view, std::size_t> line_of_token;
  const std::vector<std::string_view> lines = split_lines(contents, file);
  entries.reserve(lines.size());
  line_of_token.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) fail_at_line(file, i + 1, "expected a token, found an empty line");
    const auto [place, is_new] = line_of_token.emplace(lines[i], i + 1);
    if (!is_new) {
      fail_at_line(file, i + 1,
                   "expected each token once, found \"" + printable(lines[i]) +
                       "\", which is also on line " + std::to_string(place->second));
    }
    entries.push_back({std::string(lines[i]), static_cast<TokenId>(i)});
  }
  if (entries.empty()) throw ModelError(file, "expected one token per line, found an empty file");
  return entries;
}

MergeList parse_merges(std::string_view contents, const std::string& file) {
  std::vector<std::string_view> lines = split_lines(contents, file);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  const std::size_t num_comments = !lines.empty() && lines.front().starts_with("#version") ? 1 : 0;
  MergeList merges{file, "line", num_comments + 1, {}};
  merges.rules.reserve(lines.size());
  for (std::size_t i = num_comments; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    const std::size_t space = line.find(' ');
    const auto num_spaces = std::count(line.begin(), line.end(), ' ');
    if (num_spaces != 1 || space == 0 || space + 1 == line.size()) {
      fail_at_line(file, i + 1,
                   "expected two tokens with one space between, found \"" + printable(line) + '"');
    }
    merges.rules.push_back(
        {std::string(line.substr(0, space)), std::string(line.substr(space + 1))});
  }
  if (merges.rules.empty()) {
    throw ModelError(file, "expected merge rules, one per line, found none in " +
                               std::to_string(contents.size()) + " bytes");
  }
  return merges;
}

}  // namespace bbprompt
