#include "text/tokenizer_json.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/utf8.hpp"
#include "text/post_processor_json.hpp"
#include "text/tokenizer_config.hpp"
#include "text/vocabulary_files.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kMaxWordCharacters = 1000;  // covering a word takes quadratic time

void expect_type(const JsonNode& document, const std::string& component, const char* type) {
  const JsonNode node = document.at(component);
  if (node.type() != type) {
    node.at("type").fail(
        "\"" + std::string(type) + "\", the only supported " + component + " for this model",
        in_quotes(node.type()));
  }
}

void expect_empty_string(const JsonNode& model, const char* name) {
  const auto node = model.find(name);
  if (node && !node->string().empty()) {
    node->fail("an empty string, the only supported value", in_quotes(node->string()));
  }
}

void expect_false(const JsonNode& model, const char* name) {
  if (model.boolean_or(name, false)) {
    model.at(name).fail("false, the only supported value", "true");
  }
}

MergeRule read_merge(const JsonNode& node) {
  if (node.is_array()) {
    const auto parts = node.elements();
    if (parts.size() != 2) node.fail("two tokens", std::to_string(parts.size()));
    return {parts[0].string(), parts[1].string()};
  }
  const std::string& text = node.string();
  const auto space = text.find(' ');
  if (space == std::string::npos || space == 0 || space + 1 == text.size() ||
      text.find(' ', space + 1) != std::string::npos) {
    node.fail("two tokens with one space between", in_quotes(text));
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

ByteLevelBpeOptions read_bpe(const JsonNode& document) {
  const JsonNode model = document.at("model");
  if (const auto normalizer = document.find("normalizer")) {
    normalizer->fail("null, the only supported normalizer for BPE", in_quotes(normalizer->type()));
  }
  expect_type(document, "pre_tokenizer", "ByteLevel");
  expect_type(document, "decoder", "ByteLevel");
  expect_empty_string(model, "continuing_subword_prefix");
  expect_empty_string(model, "end_of_word_suffix");
  expect_false(model, "byte_fallback");
  expect_false(model, "ignore_merges");
  if (const auto dropout = model.find("dropout")) dropout->fail("null, the only supported value");
  const JsonNode words = document.at("pre_tokenizer");
  if (!words.boolean_or("use_regex", true)) {
    words.at("use_regex").fail("true, the only supported value", "false");
  }
  ByteLevelBpeOptions options;
  options.vocabulary_file = document.file();
  options.prefix_space =
      words.boolean_or("add_prefix_space", true) ? PrefixSpace::kAdd : PrefixSpace::kNone;
  options.merges = {document.file(), "model.merges entry", 0, {}};
  for (const JsonNode& merge : model.at("merges").elements()) {
    options.merges.rules.push_back(read_merge(merge));
  }
  if (options.merges.rules.empty()) model.at("merges").fail("merge rules", "none");
  return options;
}

WordPieceOptions read_word_piece(const JsonNode& document) {
  const JsonNode model = document.at("model");
  WordPieceOptions options;
  if (const auto normalizer = document.find("normalizer")) {
    expect_type(document, "normalizer", "BertNormalizer");
    auto& switches = options.normalizer;
    switches.is_cleaning_text = normalizer->boolean_or("clean_text", true);
    switches.is_splitting_cjk = normalizer->boolean_or("handle_chinese_chars", true);
    switches.is_lowercasing = normalizer->boolean_or("lowercase", true);
    switches.is_stripping_accents =
        normalizer->boolean_or("strip_accents", switches.is_lowercasing);
  } else {
    options.normalizer = {false, false, false, false};
  }
  expect_type(document, "pre_tokenizer", "BertPreTokenizer");
  expect_type(document, "decoder", "WordPiece");
  const JsonNode decoder = document.at("decoder");
  options.is_cleaning_up_decoded = decoder.boolean_or("cleanup", true);
  if (const auto prefix = model.find("continuing_subword_prefix")) {
    options.continuation_prefix = prefix->string();
  }
  if (const auto prefix = decoder.find("prefix");
      prefix && prefix->string() != options.continuation_prefix) {
    prefix->fail("the model's prefix \"" + printable(options.continuation_prefix) + '"',
                 in_quotes(prefix->string()));
  }
  if (const auto limit = model.find("max_input_chars_per_word")) {
    const std::int64_t value = limit->integer();
    if (value < 1 || value > kMaxWordCharacters) {
      limit->fail("1 to " + std::to_string(kMaxWordCharacters), std::to_string(value));
    }
    options.max_word_characters = static_cast<std::size_t>(value);
  }
  return options;
}

// "BPE" or "WordPiece"; files of 2020 leave the type out.
std::string model_type(const JsonNode& model) {
  if (const auto type = model.find("type")) return type->string();
  return model.find("merges") ? "BPE" : "WordPiece";
}

}  // namespace

TokenizerSpec parse_tokenizer_json(const JsonNode& document) {
  const JsonNode model = document.at("model");
  const std::string type = model_type(model);
  TokenizerSpec spec;
  spec.file = document.file();
  if (type == "BPE") {
    spec.model = read_bpe(document);
  } else if (type == "WordPiece") {
    spec.model = read_word_piece(document);
    spec.family = TokenizerFamily::kBert;
    if (const auto unknown = model.find("unk_token")) {
      spec.role(TokenRole::kUnknown) = unknown->string();
    }
  } else {
    model.at("type").fail("BPE or WordPiece, the supported models", in_quotes(type));
  }
  spec.vocabulary = read_vocabulary(model.at("vocab"));
  if (const auto added = document.find("added_tokens")) {
    for (const JsonNode& node : added->elements()) {
      spec.added_tokens.push_back({read_added_token(node), read_token_id(node.at("id"))});
    }
  }
  if (const auto processor = document.find("post_processor")) {
    read_post_processor(*processor, spec);
  }
  return spec;
}

}  // namespace bbprompt
