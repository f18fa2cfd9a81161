#include "task/names.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
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

// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

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
