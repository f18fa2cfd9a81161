#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/byte_level_bpe.hpp"
#include "text/model_files.hpp"
#include "text/vocabulary.hpp"

namespace bbprompt {

// A vocabulary: an object of token to id.
[[nodiscard]] std::vector<VocabularyEntry> read_vocabulary(const JsonNode& vocabulary);

// A token id: 0 to 2^31 - 1.
[[nodiscard]] TokenId read_token_id(const JsonNode& id);

// vocab.txt: one token a line, ids by line from 0. Line ends LF or CR LF, the last one may be
// missing. An empty line is refused: it would move every later id by one.
[[nodiscard]] std::vector<VocabularyEntry> parse_vocabulary_lines(std::string_view contents,
                                                                  const std::string& file);

// merges.txt: "left right" a line, the first rule first. Only a first line that begins with
// "#version" is a comment ("# #" is a rule). Empty lines are refused but at the end.
[[nodiscard]] MergeList parse_merges(std::string_view contents, const std::string& file);

}  // namespace bbprompt
