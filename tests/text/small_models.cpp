#include "tests/text/small_models.hpp"

#include <array>

#include "bbprompt/text/tokenizer.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

std::vector<std::string> byte_symbols() {
  std::vector<std::string> symbols;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 161 && byte <= 172) ||
                              (byte >= 174 && byte <= 255);
    const int code = is_printable ? byte : next++;
    if (code < 128) {
      symbols.emplace_back(1, static_cast<char>(code));
    } else {
      symbols.push_back(
          {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))});
    }
  }
  return symbols;
}

nlohmann::json added_token(const std::string& content, int id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

nlohmann::json small_roberta() {
  nlohmann::json vocabulary = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}};
  int id = 4;
  for (const std::string& symbol : byte_symbols()) vocabulary[symbol] = id++;
  for (const char* token : {"he", "the", "Ġthe", "##", "<mask>"}) vocabulary[token] = id++;
  nlohmann::json mask = added_token("<mask>", 264);
  mask["lstrip"] = true;
  return {{"version", "1.0"},
          {"added_tokens",
           {added_token("<s>", 0), added_token("<pad>", 1), added_token("</s>", 2),
            added_token("<unk>", 3), mask}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}},
          {"post_processor",
           {{"type", "RobertaProcessing"},
            {"sep", nlohmann::json::array({"</s>", 2})},
            {"cls", nlohmann::json::array({"<s>", 0})},
            {"trim_offsets", true},
            {"add_prefix_space", false}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"h e", "t he", "Ġ the", "# #"}}}}};
}

nlohmann::json small_bert() {
  const std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the",
                                           "film",  "##s",   "##ing", "watch", ".",      "e"};
  nlohmann::json vocabulary;
  for (std::size_t i = 0; i < tokens.size(); ++i) vocabulary[tokens[i]] = i;
  nlohmann::json added = nlohmann::json::array();
  for (int i = 0; i < 5; ++i) added.push_back(added_token(tokens[static_cast<std::size_t>(i)], i));
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "BertProcessing"},
            {"sep", nlohmann::json::array({"[SEP]", 3})},
            {"cls", nlohmann::json::array({"[CLS]", 2})}}},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocabulary}}}};
}

std::unique_ptr<Tokenizer> load_model(const nlohmann::json& model) {
  const TemporaryFolder folder;
  write_text(folder / "tokenizer.json", model.dump());
  return load_tokenizer(folder.path());
}

}  // namespace bbprompt::testing
