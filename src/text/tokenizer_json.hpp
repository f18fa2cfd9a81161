#pragma once

#include "text/model_files.hpp"
#include "text/tokenizer_spec.hpp"

namespace bbprompt {

// Reads a document of Hugging Face's `tokenizers` library. Supported:
//   model           BPE (byte-level; merges as "a b" or ["a", "b"]), WordPiece
//   normalizer      none; BertNormalizer with WordPiece
//   pre_tokenizer   ByteLevel with its regular expression; BertPreTokenizer with WordPiece
//   post_processor  none, ByteLevel, RobertaProcessing, BertProcessing, TemplateProcessing
//   decoder         ByteLevel; WordPiece with WordPiece
// Throws ModelError for anything else: it would be run wrongly. Truncation and padding are ignored,
// as Hugging Face ignores them unless asked.
[[nodiscard]] TokenizerSpec parse_tokenizer_json(const JsonNode& document);

}  // namespace bbprompt
