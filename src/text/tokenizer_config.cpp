#include "text/tokenizer_config.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "text/vocabulary_files.hpp"

namespace bbprompt {
namespace {

constexpr const char* kEndOfText = "<|endoftext|>";

AddedTokenEntry special_entry(std::string content) {
  AddedTokenEntry entry;
  entry.token.content = std::move(content);
  return entry;
}

void read_role(const JsonNode& document, std::size_t role, TokenizerConfig& config) {
  const auto node = document.find(kRoleKeys[role]);
  if (!node || config.roles[role]) return;
  if (node->is_string()) {
    config.roles[role] = special_entry(node->string());
  } else {
    config.roles[role] = AddedTokenEntry{read_added_token(*node), std::nullopt};
    config.has_flags[role] = true;
  }
}

void read_additional(const JsonNode& document, TokenizerConfig& config) {
  const auto list = document.find("additional_special_tokens");
  if (!list) return;
  for (const JsonNode& node : list->elements()) {
    config.added_tokens.push_back(node.is_string()
                                      ? special_entry(node.string())
                                      : AddedTokenEntry{read_added_token(node), std::nullopt});
  }
}

// "added_tokens_decoder": {"50264": {"content": "<mask>", "lstrip": true, ...}, ...}
void read_decoder(const JsonNode& document, TokenizerConfig& config) {
  const auto decoder = document.find("added_tokens_decoder");
  if (!decoder) return;
  for (const auto& [key, value] : decoder->members()) {
    const JsonNode node = decoder->at(key);
    TokenId id = -1;
    const auto [end, status] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (status != std::errc{} || end != key.data() + key.size() || id < 0) {
      node.fail("a token id as name", '"' + key + '"');
    }
    config.added_tokens.push_back({read_added_token(node), id});
  }
}

void read_switches(const JsonNode& document, TokenizerConfig& config) {
  const auto read = [&](const char* name) -> std::optional<bool> {
    const auto node = document.find(name);
    if (!node) return std::nullopt;
    return node->boolean();
  };
  config.is_adding_prefix_space = read("add_prefix_space");
  config.is_lowercasing = read("do_lower_case");
  config.is_stripping_accents = read("strip_accents");
  config.is_splitting_cjk = read("tokenize_chinese_chars");
  if (!document.boolean_or("do_basic_tokenize", true)) {
    document.at("do_basic_tokenize").fail("true, the only supported value", "false");
  }
  if (const auto never_split = document.find("never_split")) {
    if (!never_split->elements().empty()) never_split->fail("null or an empty array");
  }
  if (const auto name = document.find("tokenizer_class")) {
    std::string tokenizer_class = name->string();
    if (tokenizer_class.ends_with("Fast")) tokenizer_class.resize(tokenizer_class.size() - 4);
    config.tokenizer_class = tokenizer_class;
  }
}

// The first of `spellings` that `known` has.
std::optional<std::string> first_known(const std::unordered_set<std::string>& known,
                                       std::initializer_list<const char*> spellings) {
  for (const char* spelling : spellings) {
    if (known.count(spelling) > 0) return spelling;
  }
  return std::nullopt;
}

void fill_gpt2_roles(TokenizerSpec& spec, DefaultSource source) {
  std::unordered_set<std::string> known;
  if (source == DefaultSource::kVocabulary) {
    for (const VocabularyEntry& entry : spec.vocabulary) known.insert(entry.token);
  }
  for (const AddedTokenEntry& entry : spec.added_tokens) known.insert(entry.token.content);
  const bool is_unnamed = std::none_of(spec.roles.begin(), spec.roles.end(),
                                       [](const auto& role) { return role.has_value(); });
  const auto fill = [&](TokenRole role, std::initializer_list<const char*> spellings) {
    if (!spec.has_role(role)) spec.role(role) = first_known(known, spellings);
  };
  fill(TokenRole::kBegin, {kEndOfText});
  fill(TokenRole::kEnd, {kEndOfText});
  fill(TokenRole::kUnknown, {kEndOfText});
  if (!is_unnamed) return;
  fill(TokenRole::kBegin, {"<s>"});
  fill(TokenRole::kEnd, {"</s>"});
  fill(TokenRole::kUnknown, {"<unk>"});
  fill(TokenRole::kPad, {"<pad>"});
  fill(TokenRole::kMask, {"<mask>"});
}

void fill_roles(TokenizerSpec& spec, DefaultSource source) {
  const auto fill = [&](TokenRole role, const char* spelling) {
    if (!spec.has_role(role)) spec.role(role) = spelling;
  };
  if (spec.family == TokenizerFamily::kGpt2) return fill_gpt2_roles(spec, source);
  const bool is_bert = spec.family == TokenizerFamily::kBert;
  if (!is_bert && !spec.has_role(TokenRole::kClass)) {
    spec.role(TokenRole::kClass) = spec.role(TokenRole::kBegin);
  }
  if (!is_bert && !spec.has_role(TokenRole::kSeparator)) {
    spec.role(TokenRole::kSeparator) = spec.role(TokenRole::kEnd);
  }
  fill(TokenRole::kClass, is_bert ? "[CLS]" : "<s>");
  fill(TokenRole::kSeparator, is_bert ? "[SEP]" : "</s>");
  fill(TokenRole::kPad, is_bert ? "[PAD]" : "<pad>");
  fill(TokenRole::kUnknown, is_bert ? "[UNK]" : "<unk>");
  fill(TokenRole::kMask, is_bert ? "[MASK]" : "<mask>");
}

}  // namespace

AddedToken read_added_token(const JsonNode& node) {
  AddedToken token;
  token.content = node.at("content").string();
  if (token.content.empty()) node.at("content").fail("a token", "an empty string");
  token.is_lstrip = node.boolean_or("lstrip", false);
  token.is_rstrip = node.boolean_or("rstrip", false);
  token.is_normalized = node.boolean_or("normalized", false);
  if (node.boolean_or("single_word", false)) {
    node.at("single_word").fail("false, the only supported value", "true");
  }
  return token;
}

TokenizerConfig read_tokenizer_config(ModelFiles& files) {
  TokenizerConfig config;
  config.file = files.path("tokenizer_config.json");
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    if (!files.has(name)) continue;
    const nlohmann::json json = files.read_json(name);
    const JsonNode document(json, files.path(name), "");
    read_decoder(document, config);
    for (std::size_t role = 0; role < kRoleKeys.size(); ++role) read_role(document, role, config);
    read_additional(document, config);
    if (document.file() == config.file) read_switches(document, config);
  }
  return config;
}

void complete_special_tokens(TokenizerSpec& spec, const TokenizerConfig& config,
                             DefaultSource source) {
  spec.added_tokens.insert(spec.added_tokens.end(), config.added_tokens.begin(),
                           config.added_tokens.end());
  for (std::size_t role = 0; role < kRoleKeys.size(); ++role) {
    if (!config.roles[role]) continue;
    if (!spec.roles[role]) spec.roles[role] = config.roles[role]->token.content;
    if (config.has_flags[role]) spec.added_tokens.push_back(*config.roles[role]);
  }
  fill_roles(spec, source);
  for (std::size_t role = 0; role < kRoleKeys.size(); ++role) {
    const auto& content = spec.roles[role];
    if (!content || spec.has_added(*content)) continue;
    spec.added_tokens.push_back(special_entry(*content));
    spec.added_tokens.back().token.is_lstrip = *content == "<mask>";
  }
}

}  // namespace bbprompt
