#include "prompt/pmi_ngrams.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "prompt/characters.hpp"

namespace bbprompt {
namespace {

// An n-gram by the numbers of its words; a view into the corpus.
using NgramView = std::u32string_view;

std::uint64_t pair_key(char32_t a, char32_t b) { return (std::uint64_t{a} << 32U) | b; }

struct Corpus {
  std::vector<std::string_view> words;  // by number
  std::vector<std::int64_t> counts;     // of each word
  std::vector<std::u32string> runs;     // of word numbers

  explicit Corpus(std::span<const std::string_view> texts) {
    std::unordered_map<std::string_view, char32_t> numbers;
    for (const std::string_view text : texts) {
      for (const auto& run : word_runs(text)) {
        std::u32string& numbered = runs.emplace_back();
        for (const std::string_view word : run) {
          const auto next = static_cast<char32_t>(words.size());
          const auto [found, is_new] = numbers.emplace(word, next);
          if (is_new) {
            words.push_back(word);
            counts.push_back(0);
          }
          ++counts[found->second];
          numbered += found->second;
        }
      }
    }
  }
};

// PMI of the strong pairs.
using StrongPairs = std::unordered_map<std::uint64_t, double>;

StrongPairs strong_pairs(const Corpus& corpus, const PmiNgramOptions& options) {
  std::vector<std::uint64_t> pairs;
  for (const auto& run : corpus.runs) {
    for (std::size_t i = 1; i < run.size(); ++i) pairs.push_back(pair_key(run[i - 1], run[i]));
  }
  std::sort(pairs.begin(), pairs.end());
  const auto total = static_cast<double>(pairs.size());
  const auto count = [&](std::uint64_t word) { return static_cast<double>(corpus.counts[word]); };
  StrongPairs strong;
  for (auto begin = pairs.begin(); begin != pairs.end();) {
    const auto end = std::upper_bound(begin, pairs.end(), *begin);
    const auto together = end - begin;
    const double pmi = std::log(total * static_cast<double>(together) /
                                (count(*begin >> 32U) * count(*begin & 0xFFFFFFFFU)));
    if (pmi >= options.min_pmi && together >= options.min_pair_count) strong.emplace(*begin, pmi);
    begin = end;
  }
  return strong;
}

// N-grams with their counts, in the order of their first add().
class NgramCounts {
 public:
  void add(NgramView ngram, std::int64_t count) {
    const auto [found, is_new] = index_.emplace(ngram, entries_.size());
    if (is_new) entries_.emplace_back(ngram, 0);
    entries_[found->second].second += count;
  }
  void add_if_known(NgramView ngram) {
    if (const auto found = index_.find(ngram); found != index_.end()) {
      ++entries_[found->second].second;
    }
  }
  [[nodiscard]] const std::vector<std::pair<NgramView, std::int64_t>>& entries() const {
    return entries_;
  }

 private:
  std::unordered_map<NgramView, std::size_t> index_;
  std::vector<std::pair<NgramView, std::int64_t>> entries_;
};

NgramCounts count_segments(const Corpus& corpus, const StrongPairs& strong, std::size_t max_ngram) {
  NgramCounts segments;
  for (const NgramView run : corpus.runs) {
    std::size_t begin = 0;
    for (std::size_t end = 1; end <= run.size(); ++end) {
      if (end < run.size() && strong.contains(pair_key(run[end - 1], run[end]))) continue;
      if (end - begin <= max_ngram) segments.add(run.substr(begin, end - begin), 1);
      begin = end;
    }
  }
  return segments;
}

// Occurrences of the segments found more than `min_count` times.
NgramCounts count_occurrences(const Corpus& corpus, const NgramCounts& segments,
                              const PmiNgramOptions& options) {
  NgramCounts ngrams;
  for (const auto& [segment, count] : segments.entries()) {
    if (count > options.min_count) ngrams.add(segment, 0);
  }
  for (const NgramView run : corpus.runs) {
    for (std::size_t begin = 0; begin < run.size(); ++begin) {
      const std::size_t longest =
          std::min(run.size() - begin, static_cast<std::size_t>(options.max_ngram));
      for (std::size_t size = 1; size <= longest; ++size) {
        ngrams.add_if_known(run.substr(begin, size));
      }
    }
  }
  return ngrams;
}

Ngram spell(const Corpus& corpus, const StrongPairs& strong, NgramView ngram) {
  Ngram spelled{.text = std::string(corpus.words[ngram[0]]),
                .count = 0,
                .pmi = std::numeric_limits<double>::quiet_NaN()};
  for (std::size_t i = 1; i < ngram.size(); ++i) {
    spelled.text += ' ';
    spelled.text += corpus.words[ngram[i]];
    const double pmi = strong.at(pair_key(ngram[i - 1], ngram[i]));
    spelled.pmi = i == 1 ? pmi : std::min(spelled.pmi, pmi);
  }
  return spelled;
}

}  // namespace

std::vector<std::vector<std::string_view>> word_runs(std::string_view text) {
  std::vector<std::vector<std::string_view>> runs;
  bool is_open = false;
  for (const std::string_view word : split_at_spaces(text)) {
    const std::string_view kept = from_first_alphanumeric(word);
    if (!kept.empty()) {
      if (!is_open) runs.emplace_back();
      runs.back().push_back(kept);
    }
    is_open = !kept.empty();
  }
  return runs;
}

std::vector<Ngram> pmi_ngrams(std::span<const std::string_view> texts,
                              const PmiNgramOptions& options) {
  const Corpus corpus(texts);
  const StrongPairs strong = strong_pairs(corpus, options);
  const NgramCounts segments =
      count_segments(corpus, strong, static_cast<std::size_t>(options.max_ngram));
  const NgramCounts found = count_occurrences(corpus, segments, options);
  std::vector<Ngram> ngrams;
  for (const auto& [ngram, count] : found.entries()) {
    if (count <= options.min_frequency) continue;
    ngrams.push_back(spell(corpus, strong, ngram));
    ngrams.back().count = count;
  }
  std::sort(ngrams.begin(), ngrams.end(), [](const Ngram& a, const Ngram& b) {
    return std::tie(b.count, b.text) < std::tie(a.count, a.text);
  });
  std::unordered_set<std::string> seen;
  for (Ngram& ngram : ngrams) ngram.text = to_last_alphanumeric(ngram.text);
  std::erase_if(ngrams, [&](const Ngram& ngram) { return !seen.insert(ngram.text).second; });
  return ngrams;
}

}  // namespace bbprompt
