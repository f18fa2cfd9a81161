#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/replica/encoder.hpp"
#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// A query as the model's input. Vectors borrow from the query; their tokens count from this input's
// start.
struct LaidOutQuery {
  std::vector<TokenId> ids;
  std::vector<int> types;
  std::vector<InputVector> vectors;
  std::vector<LayerVector> layer_vectors;
  Eigen::Index answer = 0;
  bool is_truncated = false;  // lost tokens to the model's length
};

// Segments to ids: begin token, segments, separator. Neighbouring text segments are tokenized as
// one; where the mask swallows the white space before it, text before the answer slot loses it;
// BERT's type is 1 behind the first Separator.
//
// What is too long is cut by lm/fit_fields.hpp.
class InputLayout {
 public:
  // Throws ModelError when the vocabulary has no begin, separator or mask token.
  InputLayout(std::shared_ptr<const Tokenizer> tokenizer, const ModelConfig& config);

  // Throws ModelError for a query that cannot be asked: not exactly one answer slot, ids outside
  // the vocabulary, vectors of another width or not finite, or longer than the model when all its
  // fields are used up.
  [[nodiscard]] LaidOutQuery lay_out(const Query& query);

 private:
  struct Draft;

  const Encoding& tokenize(const std::string& text);
  void add_text(const TextSegment& text, Draft& draft);
  void add_other(const Segment& segment, Draft& draft) const;
  void add_tokens(const PromptTokens& tokens, Draft& draft) const;
  void add_vectors(const PromptVectors& vectors, Draft& draft) const;
  void check_vectors(const PromptVectors& prompt) const;
  void check_id(TokenId id) const;
  void cut(Draft& draft) const;
  static void keep(const std::vector<std::size_t>& tokens, LaidOutQuery& query);

  std::shared_ptr<const Tokenizer> tokenizer_;
  ModelConfig config_;
  TokenId begin_;
  TokenId separator_;
  TokenId mask_;
  // Texts seen before. Emptied when full; the result of a query does not depend on it.
  std::unordered_map<std::string, Encoding> memo_;
  std::size_t memo_bytes_ = 0;
};

}  // namespace bbprompt
