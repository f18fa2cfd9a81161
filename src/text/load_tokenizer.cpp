#include <algorithm>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "text/model_files.hpp"
#include "text/tokenizer_agreement.hpp"
#include "text/tokenizer_config.hpp"
#include "text/tokenizer_json.hpp"
#include "text/tokenizer_spec.hpp"
#include "text/vocabulary_files.hpp"

namespace bbprompt {
namespace {

constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kVocabularyJson = "vocab.json";
constexpr const char* kVocabularyText = "vocab.txt";
constexpr const char* kMerges = "merges.txt";

std::vector<VocabularyEntry> read_vocabulary_json(ModelFiles& files) {
  const nlohmann::json json = files.read_json(kVocabularyJson);
  return read_vocabulary({json, files.path(kVocabularyJson), ""});
}

std::vector<VocabularyEntry> read_vocabulary_text(ModelFiles& files) {
  return parse_vocabulary_lines(files.read(kVocabularyText), files.path(kVocabularyText));
}

MergeList read_merges(ModelFiles& files) {
  return parse_merges(files.read(kMerges), files.path(kMerges));
}

void expect_agreement(const TokenizerConfig& config, const char* name,
                      const std::optional<bool>& said, bool used) {
  if (!said || *said == used) return;
  const auto text = [](bool value) { return std::string(value ? "true" : "false"); };
  throw ModelError(config.file, std::string(name) + ": expected " + text(used) +
                                    " as in tokenizer.json, found " + text(*said) +
                                    "; make the two files agree");
}

TokenizerSpec read_tokenizer_json(ModelFiles& files, const TokenizerConfig& config) {
  const nlohmann::json json = files.read_json(kTokenizerJson);
  TokenizerSpec spec = parse_tokenizer_json({json, files.path(kTokenizerJson), ""});
  if (const auto* bpe = std::get_if<ByteLevelBpeOptions>(&spec.model)) {
    if (files.has(kVocabularyJson)) {
      expect_same_vocabulary(spec, read_vocabulary_json(files), files.path(kVocabularyJson));
    }
    if (files.has(kMerges)) expect_same_merges(bpe->merges, read_merges(files));
    expect_agreement(config, "add_prefix_space", config.is_adding_prefix_space,
                     bpe->prefix_space == PrefixSpace::kAdd);
  } else {
    if (files.has(kVocabularyText)) {
      expect_same_vocabulary(spec, read_vocabulary_text(files), files.path(kVocabularyText));
    }
    const auto& normalizer = std::get<WordPieceOptions>(spec.model).normalizer;
    expect_agreement(config, "do_lower_case", config.is_lowercasing, normalizer.is_lowercasing);
    expect_agreement(config, "strip_accents", config.is_stripping_accents,
                     normalizer.is_stripping_accents);
    expect_agreement(config, "tokenize_chinese_chars", config.is_splitting_cjk,
                     normalizer.is_splitting_cjk);
  }
  complete_special_tokens(spec, config, DefaultSource::kAddedTokens);
  return spec;
}

// The family that tokenizer_config.json names; nothing if it leaves it open.
std::optional<TokenizerFamily> family_of_class(const TokenizerConfig& config) {
  const std::string name = config.tokenizer_class.value_or("");
  if (name == "BertTokenizer") return TokenizerFamily::kBert;
  if (name == "RobertaTokenizer") return TokenizerFamily::kRoberta;
  if (name == "GPT2Tokenizer") return TokenizerFamily::kGpt2;
  if (name.empty() || name == "PreTrainedTokenizer") return std::nullopt;
  throw ModelError(config.file,
                   "tokenizer_class: expected BertTokenizer, RobertaTokenizer or GPT2Tokenizer "
                   "where there is no tokenizer.json, found " +
                       in_quotes(name));
}

std::optional<TokenizerFamily> family_of_model(ModelFiles& files) {
  if (!files.has("config.json")) return std::nullopt;
  const nlohmann::json json = files.read_json("config.json");
  const auto type = JsonNode(json, files.path("config.json"), "").find("model_type");
  if (!type) return std::nullopt;
  if (type->string() == "roberta") return TokenizerFamily::kRoberta;
  if (type->string() == "gpt2") return TokenizerFamily::kGpt2;
  type->fail("roberta or gpt2, together with vocab.json and merges.txt", in_quotes(type->string()));
}

TokenizerFamily family_of_vocabulary(const std::vector<VocabularyEntry>& vocabulary) {
  const auto has = [&](std::string_view token) {
    return std::any_of(vocabulary.begin(), vocabulary.end(),
                       [&](const VocabularyEntry& entry) { return entry.token == token; });
  };
  return has("<mask>") && has("<s>") ? TokenizerFamily::kRoberta : TokenizerFamily::kGpt2;
}

TokenizerSpec read_bpe_files(ModelFiles& files, const TokenizerConfig& config) {
  for (const char* name : {kVocabularyJson, kMerges}) {
    if (!files.has(name)) {
      throw ModelError(files.path(name),
                       "expected this file, as vocab.json and merges.txt make one tokenizer and "
                       "there is no tokenizer.json; found none");
    }
  }
  TokenizerSpec spec;
  spec.file = files.path(kVocabularyJson);
  spec.vocabulary = read_vocabulary_json(files);
  ByteLevelBpeOptions options;
  options.vocabulary_file = spec.file;
  options.merges = read_merges(files);
  auto family = family_of_class(config);
  if (!family) family = family_of_model(files);
  spec.family = family.value_or(family_of_vocabulary(spec.vocabulary));
  if (spec.family == TokenizerFamily::kBert) {
    throw ModelError(files.path(kVocabularyText),
                     "expected this file, as tokenizer_class is BertTokenizer, found vocab.json");
  }
  if (config.is_adding_prefix_space.value_or(false)) options.prefix_space = PrefixSpace::kAdd;
  complete_special_tokens(spec, config, DefaultSource::kVocabulary);
  if (spec.family == TokenizerFamily::kRoberta) {
    options.offset_style = OffsetStyle::kTrimmed;
    spec.model_template = roberta_template(special_piece(*spec.role(TokenRole::kClass)),
                                           special_piece(*spec.role(TokenRole::kSeparator)));
  }
  spec.model = std::move(options);
  return spec;
}

TokenizerSpec read_word_piece_files(ModelFiles& files, const TokenizerConfig& config) {
  if (family_of_class(config).value_or(TokenizerFamily::kBert) != TokenizerFamily::kBert) {
    throw ModelError(files.path(kVocabularyJson), "expected this file, as tokenizer_class is " +
                                                      *config.tokenizer_class +
                                                      ", found vocab.txt");
  }
  TokenizerSpec spec;
  spec.family = TokenizerFamily::kBert;
  spec.file = files.path(kVocabularyText);
  spec.vocabulary = read_vocabulary_text(files);
  WordPieceOptions options;
  options.normalizer.is_lowercasing = config.is_lowercasing.value_or(true);
  options.normalizer.is_splitting_cjk = config.is_splitting_cjk.value_or(true);
  options.normalizer.is_stripping_accents =
      config.is_stripping_accents.value_or(options.normalizer.is_lowercasing);
  complete_special_tokens(spec, config, DefaultSource::kVocabulary);
  spec.model_template = bert_template(special_piece(*spec.role(TokenRole::kClass)),
                                      special_piece(*spec.role(TokenRole::kSeparator)));
  spec.model = std::move(options);
  return spec;
}

// added_tokens.json, which only tokenizers without tokenizer.json use, says nothing of how its
// tokens are matched.
void refuse_added_tokens_file(ModelFiles& files, const TokenizerSpec& spec) {
  constexpr const char* kAddedTokens = "added_tokens.json";
  if (!files.has(kAddedTokens)) return;
  const nlohmann::json json = files.read_json(kAddedTokens);
  const JsonNode document(json, files.path(kAddedTokens), "");
  for (const auto& [token, id] : document.members()) {
    if (spec.has_added(token)) continue;
    document.fail("only tokens that tokenizer_config.json describes in added_tokens_decoder",
                  in_quotes(token) + "; save the tokenizer in its fast form (tokenizer.json)");
  }
}

}  // namespace

namespace {

// "roberta-base", or "FacebookAI/roberta-base" where no folder has the owner's name.
std::string hub_name(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path parent = folder.parent_path();
  const bool has_owner = !parent.empty() && !std::filesystem::exists(parent, ignored);
  return (has_owner ? parent.filename().string() + "/" : std::string()) +
         folder.filename().string();
}

}  // namespace

void require_model_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return;
  throw ModelError(folder.string(),
                   "expected the folder of a Hugging Face model (config.json, tokenizer files, "
                   "safetensors), found no such folder; bbprompt downloads nothing: download the "
                   "model, for example with \"hf download " +
                       printable(hub_name(folder)) + " --local-dir models/" +
                       printable(folder.filename().string()) +
                       "\", and name its folder in model.path");
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& model_folder,
                                          const TokenizerOptions& options) {
  require_model_folder(model_folder);
  ModelFiles files(model_folder);
  const TokenizerConfig config = read_tokenizer_config(files);
  if (files.has(kTokenizerJson)) {
    TokenizerSpec spec = read_tokenizer_json(files, config);
    return build_tokenizer(std::move(spec), options, files.fingerprint());
  }
  const bool is_bpe = files.has(kVocabularyJson) || files.has(kMerges);
  if (!is_bpe && !files.has(kVocabularyText)) {
    throw ModelError(files.folder(),
                     "expected a tokenizer: tokenizer.json, or vocab.json with merges.txt, or "
                     "vocab.txt; found none of them");
  }
  TokenizerSpec spec =
      is_bpe ? read_bpe_files(files, config) : read_word_piece_files(files, config);
  refuse_added_tokens_file(files, spec);
  return build_tokenizer(std::move(spec), options, files.fingerprint());
}

}  // namespace bbprompt
