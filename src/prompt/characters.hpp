#pragma once

#include <string_view>
#include <vector>

namespace bbprompt {

// Alphanumeric here: letters, digits and the marks that combine with them, in any script. Invalid
// UTF-8 is neither that nor a space.

// The stretches between Unicode white space and control characters.
[[nodiscard]] std::vector<std::string_view> split_at_spaces(std::string_view text);

// Without what stands before the first alphanumeric character; empty where there is none.
[[nodiscard]] std::string_view from_first_alphanumeric(std::string_view text);

// Without what follows the last alphanumeric character; empty where there is none.
[[nodiscard]] std::string_view to_last_alphanumeric(std::string_view text);

// At least two letters and nothing else.
[[nodiscard]] bool is_whole_word(std::string_view text);

// A common English function word (an article, pronoun, preposition, auxiliary, ...), whatever its
// capitals.
[[nodiscard]] bool is_stop_word(std::string_view word);

// Whether nothing but stop words, and punctuation around them, is in the text.
[[nodiscard]] bool has_only_stop_words(std::string_view text);

}  // namespace bbprompt
