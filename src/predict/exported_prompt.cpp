#include "bbprompt/predict/exported_prompt.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/predict/prompt_labeler.hpp"

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFieldA =
    "\x01"
    "a\x01";  // stand for the texts of a row; no text holds them
constexpr const char* kFieldB =
    "\x01"
    "b\x01";

std::string kind_of(const Prompt& prompt) {
  if (std::holds_alternative<PromptTokens>(prompt)) return "discrete";
  if (std::holds_alternative<PromptVectors>(prompt)) return "soft";
  return std::holds_alternative<PromptDemonstrations>(prompt) ? "demonstrations" : "manual";
}

// "a {text_a} b" as ["a ", {"field": "text_a"}, " b"].
void append_text(Json& pieces, std::string_view text) {
  while (!text.empty()) {
    const std::size_t a = text.find(kFieldA);
    const std::size_t b = text.find(kFieldB);
    const std::size_t at = std::min(a, b);
    if (at != 0) pieces.push_back(std::string(text.substr(0, at)));
    if (at == std::string_view::npos) return;
    pieces.push_back({{"field", at == a ? "text_a" : "text_b"}});
    text.remove_prefix(at + std::string_view(kFieldA).size());
  }
}

class SegmentsJson {
 public:
  explicit SegmentsJson(const ModelView& model)
      : strips_before_answer_(
            model.info().family == ModelFamily::kCausal ||
            (model.tokenizer() != nullptr && model.tokenizer()->mask_strips_left())) {}

  Json of(const Query& query) {
    for (const Segment& segment : query.segments)
      std::visit([&](const auto& part) { add(part); }, segment);
    end_text(false);
    return std::move(segments_);
  }

 private:
  // Neighbouring texts are tokenized as one.
  void add(const TextSegment& text) { text_ += text.text; }
  void add(const PromptTokens& tokens) {
    end_text(false);
    segments_.push_back({{"ids", tokens.ids}});
  }
  void add(const PromptVectors& vectors) {
    end_text(false);
    segments_.push_back({{"vectors", vectors.vectors->rows()}});
  }
  void add(const AnswerSlot& /*slot*/) {
    end_text(strips_before_answer_);
    segments_.push_back({{"answer", true}});
  }
  void add(const Separator& /*separator*/) {
    end_text(false);
    segments_.push_back({{"separator", true}});
  }

  void end_text(bool is_stripped) {
    if (is_stripped) text_.erase(text_.find_last_not_of(" \t\r\n\v\f") + 1);
    if (text_.empty()) return;
    Json pieces = Json::array();
    append_text(pieces, text_);
    segments_.push_back({{"text", std::move(pieces)}});
    text_.clear();
  }

  bool strips_before_answer_;
  std::string text_;
  Json segments_ = Json::array();
};

Json labels_json(const TrialProblem& problem) {
  Json labels = Json::array();
  for (const LabelOptions& label : problem.spec().task.labels) {
    Json ids = Json::array();
    for (const std::string& word : label.words)
      ids.push_back(problem.model().answer_token(word).answer().ids());
    labels.push_back({{"name", label.name}, {"words", label.words}, {"answer_ids", ids}});
  }
  return labels;
}

Json special_ids(const ModelView& model) {
  Json json = Json::object();
  if (model.tokenizer() == nullptr) return json;
  const SpecialTokens& special = model.tokenizer()->special_tokens();
  const bool is_causal = model.info().family == ModelFamily::kCausal;
  const auto put = [&](const char* name, const std::optional<TokenId>& id) {
    json[name] = id && !is_causal ? Json(std::vector<TokenId>{*id}) : Json(std::vector<TokenId>{});
  };
  put("begin", special.begin);
  put("end", special.separator);
  put("answer", special.mask);
  put("separator", special.separator);
  if (is_causal) json["separator"] = model.tokenizer()->encode("\n").ids;
  return json;
}

Json prompt_json(const PromptRecord& prompt, const std::string& kind) {
  Json json = {{"kind", kind}, {"text", prompt.text}};
  if (kind == "discrete") json["tokens"] = prompt.tokens;
  if (kind == "discrete") json["ids"] = prompt.ids;
  if (kind != "soft") return json;
  json["nearest_tokens"] = prompt.tokens;
  json["base_ids"] = prompt.base_ids;
  json["num_layers"] = prompt.num_layers;
  json["vectors"] = kPromptVectors;
  return json;
}

using RowMatrixXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::string safetensors_of(const PromptRecord& prompt) {
  const RowMatrixXf& all = prompt.vectors;
  const Eigen::Index rows = all.rows() / std::max<std::int64_t>(prompt.num_layers, 1);
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  std::size_t offset = 0;
  const std::size_t size = static_cast<std::size_t>(rows * all.cols()) * sizeof(float);
  for (std::int64_t layer = 0; layer < prompt.num_layers; ++layer) {
    const std::string name = layer == 0 ? "vectors" : "layers." + std::to_string(layer);
    header[name] = {
        {"dtype", "F32"}, {"shape", {rows, all.cols()}}, {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string file;
  for (int shift = 0; shift < 64; shift += 8)  // the length, little-endian
    file += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> shift & 0xFFU);
  file += text;
  file.append(reinterpret_cast<const char*>(all.data()),
              static_cast<std::size_t>(all.size()) * sizeof(float));
  return file;
}

Json checked_rows(PromptLabeler& labeler, std::span<const Example> train) {
  const auto examples = train.first(std::min<std::size_t>(train.size(), 2));
  const RowMatrixXd shares = probabilities(labeler.scores(examples));
  Json rows = Json::array();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Json row = {{"text_a", examples[i].text_a}};
    if (!examples[i].text_b.empty()) row["text_b"] = examples[i].text_b;
    const auto share = shares.row(static_cast<Eigen::Index>(i));
    row["probabilities"] = std::vector<double>(share.begin(), share.end());
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

ExportedPrompt export_prompt(const TrialRecord& record, const PathRoots& roots, ModelPool& models,
                             const ServerOptions& server) {
  PromptLabeler labeler({&record, 1}, roots, models, server);
  const TrialProblem& problem = labeler.problem();
  const Prompt prompt = problem.prompt_space().decode(record.best.prompt.point);
  const std::string kind = kind_of(prompt);
  const Example marked{.text_a = kFieldA,
                       .text_b = problem.spec().task.text_b.empty() ? "" : kFieldB};
  const LanguageModelInfo& model = problem.model_info();
  const Eigen::VectorXd& offsets = labeler.offsets();
  const Json json = {
      {"trial", record.id},
      {"task", record.task},
      {"method", record.method},
      {"model",
       {{"name", model.name},
        {"fingerprint", model.fingerprint},
        {"family", model.family == ModelFamily::kCausal ? "causal" : "masked"},
        {"max_tokens", model.max_tokens},
        {"special_ids", special_ids(problem.model())}}},
      {"template", problem.spec().task.template_text},
      {"prompt", prompt_json(record.best.prompt, kind)},
      {"segments", SegmentsJson(problem.model()).of(problem.queries(prompt, {&marked, 1}).front())},
      {"labels", labels_json(problem)},
      {"calibration", std::vector<double>(offsets.begin(), offsets.end())},
      {"checked_rows", checked_rows(labeler, problem.examples(Split::kTrain))}};
  return {.json = json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n',
          .safetensors = kind == "soft" ? safetensors_of(record.best.prompt) : std::string()};
}

}  // namespace bbprompt
