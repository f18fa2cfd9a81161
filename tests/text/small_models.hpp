#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bbprompt/base/json.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt::testing {

// GPT-2's stand-ins for the 256 bytes, in byte order, as its authors define them: printable Latin-1
// stands for itself, the rest is numbered from U+0100.
std::vector<std::string> byte_symbols();

nlohmann::json added_token(const std::string& content, int id);

// tokenizer.json of a RoBERTa-like tokenizer: <s> <pad> </s> <unk>, 256 bytes (ids 4 to 259), "he"
// (260), "the", "Ġthe", "##" and <mask> (264).
nlohmann::json small_roberta();

// tokenizer.json of a BERT-like tokenizer.
nlohmann::json small_bert();

// The tokenizer of a folder that holds this tokenizer.json alone.
std::unique_ptr<Tokenizer> load_model(const nlohmann::json& model);

}  // namespace bbprompt::testing
