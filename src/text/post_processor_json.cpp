#include "text/post_processor_json.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "text/vocabulary_files.hpp"

namespace bbprompt {
namespace {

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
    if (name != "A" && name != "B") sequence.at("id").fail("A or B", '"' + name + '"');
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

}  // namespace

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

}  // namespace bbprompt
