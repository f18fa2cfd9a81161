#include "text/tokenizer_json.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/utf8.hpp"
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
  options.merges = {document.file(), "model.merges", 0, {}};
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

// ["</s>", 2]
NamedTemplatePiece read_token_and_id(const JsonNode& node) {
  const auto parts = node.elements();
  if (parts.size() != 2) node.fail("a token and its id", std::to_string(parts.size()) + " values");
  NamedTemplatePiece piece = special_piece(parts[0].string());
  piece.id = read_token_id(parts[1]);
  return piece;
}

int read_type_id(const JsonNode& node) {
  const auto type = node.find("type_id");
  const std::int64_t value = type ? type->integer() : 0;
  if (value < 0 || value > 1) type->fail("0 or 1", std::to_string(value));
  return static_cast<int>(value);
}

void read_special_piece(const JsonNode& piece, const JsonNode& specials,
                        std::vector<NamedTemplatePiece>& pieces) {
  const JsonNode special = specials.at(piece.at("id").string());
  const auto tokens = special.at("tokens").elements();
  const auto ids = special.at("ids").elements();
  if (tokens.size() != ids.size()) {
    special.fail("as many tokens as ids",
                 std::to_string(tokens.size()) + " and " + std::to_string(ids.size()));
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    pieces.push_back(special_piece(tokens[i].string()));
    pieces.back().id = read_token_id(ids[i]);
    pieces.back().type_id = read_type_id(piece);
  }
}

enum class PieceText { kOne, kTwo };

std::vector<NamedTemplatePiece> read_pieces(const JsonNode& list, const JsonNode& specials,
                                            PieceText texts) {
  std::vector<NamedTemplatePiece> pieces;
  int num_first = 0;
  int num_second = 0;
  for (const JsonNode& node : list.elements()) {
    if (const auto special = node.find("SpecialToken")) {
      read_special_piece(*special, specials, pieces);
      continue;
    }
    const JsonNode sequence = node.at("Sequence");
    const std::string& name = sequence.at("id").string();
    if (name != "A" && name != "B") sequence.at("id").fail("\"A\" or \"B\"", '"' + name + '"');
    ++(name == "A" ? num_first : num_second);
    const auto kind = name == "A" ? TemplatePiece::Kind::kFirst : TemplatePiece::Kind::kSecond;
    pieces.push_back({kind, read_type_id(sequence), {}, std::nullopt});
  }
  const int num_second_wanted = texts == PieceText::kTwo ? 1 : 0;
  if (num_first != 1 || num_second != num_second_wanted) {
    list.fail(texts == PieceText::kTwo ? "sequences A and B once each" : "sequence A once",
              std::to_string(num_first) + " times A, " + std::to_string(num_second) + " times B");
  }
  return pieces;
}

NamedTemplate read_template(const JsonNode& processor) {
  const JsonNode specials = processor.at("special_tokens");
  return {read_pieces(processor.at("single"), specials, PieceText::kOne),
          read_pieces(processor.at("pair"), specials, PieceText::kTwo)};
}

void read_post_processor(const JsonNode& processor, TokenizerSpec& spec) {
  const std::string& type = processor.type();
  auto* bpe = std::get_if<ByteLevelBpeOptions>(&spec.model);
  if (type == "TemplateProcessing") {
    spec.model_template = read_template(processor);
  } else if (type == "BertProcessing") {
    spec.model_template = bert_template(read_token_and_id(processor.at("cls")),
                                        read_token_and_id(processor.at("sep")));
  } else if (type == "RobertaProcessing" && bpe != nullptr) {
    spec.family = TokenizerFamily::kRoberta;
    spec.model_template = roberta_template(read_token_and_id(processor.at("cls")),
                                           read_token_and_id(processor.at("sep")));
    spec.role(TokenRole::kClass) = spec.model_template.pair.front().token;
    spec.role(TokenRole::kSeparator) = spec.model_template.pair.back().token;
  } else if (type != "ByteLevel" || bpe == nullptr) {
    processor.at("type").fail(
        "TemplateProcessing, BertProcessing, or with BPE RobertaProcessing or ByteLevel",
        in_quotes(type));
  }
  const bool is_byte_level = type == "ByteLevel" || type == "RobertaProcessing";
  if (is_byte_level && processor.boolean_or("trim_offsets", true)) {
    bpe->offset_style = OffsetStyle::kTrimmed;
  }
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
