#pragma once

#include "text/model_files.hpp"
#include "text/tokenizer_spec.hpp"

namespace bbprompt {

// Reads the post_processor of a tokenizer.json: what the model's input looks like, whether offsets
// are trimmed, and (RobertaProcessing) the family. Throws ModelError for a kind it does not know.
void read_post_processor(const JsonNode& processor, TokenizerSpec& spec);

}  // namespace bbprompt
