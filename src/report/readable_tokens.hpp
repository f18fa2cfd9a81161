#pragma once

#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// A token as it stands in a text.
struct ReadableToken {
  std::string text;            // without the blank before it
  bool begins_a_word = false;  // else it goes on where the token before it ends
};

// The prompt's tokens without their vocabulary's spelling: byte-level BPE ("\u0120great" is "
// great", other bytes in an alphabet of their own), WordPiece ("##ing"), SentencePiece
// ("\u2581great"). The record does not name its tokenizer; a spelling is taken where it gives the
// prompt's text. Where none does, tokens stay as they are.
[[nodiscard]] std::vector<ReadableToken> readable_tokens(const PromptRecord& prompt);

}  // namespace bbprompt
