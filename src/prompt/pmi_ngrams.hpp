#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"

namespace bbprompt {

// Some words in a row.
struct Ngram {
  std::string text;        // words with one space between
  std::int64_t count = 0;  // occurrences in the corpus
  double pmi = 0.0;        // of its weakest pair of neighbours; NaN for a single word
};

// The text as runs of words: no pair of neighbours spans two runs. Words stand between white space
// or control characters. What a word has before its first letter or digit is left out, what
// follows the last one stays; a string without letter or digit ("--") ends the run. Capitals stay.
[[nodiscard]] std::vector<std::vector<std::string_view>> word_runs(std::string_view text);

// Candidate phrases of a corpus, most frequent first (Diao et al., "Black-box Prompt Learning for
// Pre-trained Language Models", TMLR 2023):
//   1. Neighbours a, b with PMI(a, b) = ln(T c(a, b) / (c(a) c(b))) >= min_pmi and c(a, b) >=
//      min_pair_count are strong, where c counts words and pairs of neighbours, and T is the number
//      of all pairs. With 1 for min_pair_count most neighbours of a small text are strong, having
//      met once in it, and hardly a segment is found twice.
//   2. Each run is cut between neighbours that are not strong. The segments found more than
//      min_count times, of at most max_ngram words, are the n-grams.
//   3. Their occurrences are counted anywhere in the runs, overlapping ones too; those with more
//      than min_frequency stay, ordered by (count, text) descending.
//   4. What follows the last letter or digit is cut; of equal texts the first stays.
[[nodiscard]] std::vector<Ngram> pmi_ngrams(std::span<const std::string_view> texts,
                                            const PmiNgramOptions& options);

}  // namespace bbprompt
