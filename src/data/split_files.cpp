#include "data/split_files.hpp"

#include <set>
#include <vector>

namespace bbprompt {
namespace {

// Words of letters, and words of digits, in lower case.
std::vector<std::string> words_of(const std::string& name) {
  enum class Kind { kNone, kLetter, kDigit };
  std::vector<std::string> words;
  Kind before = Kind::kNone;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const Kind kind = c >= 'a' && c <= 'z'   ? Kind::kLetter
                      : c >= '0' && c <= '9' ? Kind::kDigit
                                             : Kind::kNone;
    if (kind != Kind::kNone) {
      if (kind != before) words.emplace_back();
      words.back() += c;
    }
    before = kind;
  }
  return words;
}

}  // namespace

std::string to_string(SplitName split) {
  switch (split) {
    case SplitName::kTrain:
      return "train";
    case SplitName::kDev:
      return "dev";
    case SplitName::kTest:
      return "test";
  }
  return {};
}

std::optional<SplitName> split_of_name(const std::filesystem::path& file) {
  static const std::set<std::string> kDevWords = {"dev", "devel", "development",
                                                  "val", "valid", "validation"};
  const auto words = words_of(file.stem().string());
  std::set<SplitName> found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("train")) found.insert(SplitName::kTrain);
    if (kDevWords.contains(words[i])) found.insert(SplitName::kDev);
    if (words[i] == "test") found.insert(SplitName::kTest);
    if (words[i] == "trec" && i + 1 < words.size() && words[i + 1] == "10") {
      found.insert(SplitName::kTest);
    }
  }
  if (found.size() != 1) return std::nullopt;
  return *found.begin();
}

}  // namespace bbprompt
