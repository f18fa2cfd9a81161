#include "bbprompt/base/wording.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxListed = 10;
constexpr std::size_t kMaxCompared = 64;  // longer names are not typing errors of one another

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

}  // namespace

std::string plural_noun(std::int64_t count, std::string_view noun) {
  if (count == 1 || noun.empty()) return std::string(noun);
  const bool ends_in_y = noun.ends_with('y') && noun.size() > 1 && !is_vowel(noun[noun.size() - 2]);
  if (ends_in_y) return std::string(noun.substr(0, noun.size() - 1)) + "ies";
  const bool hisses = noun.ends_with('s') || noun.ends_with('x') || noun.ends_with("ch");
  return std::string(noun) + (hisses ? "es" : "s");
}

std::string plural(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + plural_noun(count, noun);
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string quoted_list(std::span<const std::string> names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < kMaxListed; ++i) {
    if (i > 0) list += ", ";
    list += "\"" + printable(names[i]) + "\"";
  }
  if (names.size() > kMaxListed) {
    list += " and " + std::to_string(names.size() - kMaxListed) + " more";
  }
  return list;
}

// Optimal string alignment, row by row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  if (name.empty() || name.size() > kMaxCompared) return "";
  const std::string lowered = lower(name);
  std::size_t best = kMaxCompared;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : known) {
    if (candidate.empty() || candidate.size() > kMaxCompared) continue;
    const std::size_t distance = edit_distance(lowered, lower(candidate));
    const std::size_t longest = std::max(name.size(), candidate.size());
    if (distance < best && distance <= std::max<std::size_t>(1, longest / 3)) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : " (did you mean \"" + printable(*nearest) + "\"?)";
}

}  // namespace bbprompt
