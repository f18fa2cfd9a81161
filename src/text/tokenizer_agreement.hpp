#pragma once

#include <string>
#include <vector>

#include "text/byte_level_bpe.hpp"
#include "text/tokenizer_spec.hpp"
#include "text/vocabulary.hpp"

namespace bbprompt {

// Both forms of a tokenizer in one folder must be of one model: a rest of another would give wrong
// ids without a word.

// Throws ModelError naming `file` unless `found`, its contents, is the vocabulary of `spec`, whose
// added tokens all have ids; `found` may leave these out.
void expect_same_vocabulary(const TokenizerSpec& spec, const std::vector<VocabularyEntry>& found,
                            const std::string& file);

// Throws ModelError naming the file of `found` unless both hold the same rules in the same order.
void expect_same_merges(const MergeList& expected, const MergeList& found);

}  // namespace bbprompt
