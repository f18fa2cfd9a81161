#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bbprompt/lm/answer.hpp"
#include "bbprompt/lm/input_vectors.hpp"
#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// What a model's inputs look like.
struct InputRules {
  std::string model;  // for messages
  ModelFamily family = ModelFamily::kMasked;
  int max_tokens = 0;  // longest input, special tokens included
  int vocabulary_size = 0;
  int hidden_size = 0;           // of prompt vectors
  int num_layers = 0;            // that deep prompts reach; 0: none
  bool has_second_type = false;  // the token type is 1 behind the first Separator (BERT)
};

// A query as the model's input. Vectors borrow from the query; their tokens count from this input's
// start.
struct LaidOutQuery {
  std::vector<TokenId> ids;
  std::vector<int> types;
  std::vector<InputVector> vectors;
  std::vector<LayerVector> layer_vectors;
  Eigen::Index answer = 0;    // the mask; of a causal model the last token, after which it answers
  bool is_truncated = false;  // lost tokens to the model's length
};

// Tokens that words of several tokens take of the model's length after a query: of the longest one
// all but the last.
[[nodiscard]] int num_reserved_for(std::span<const Answer> answers);

// Segments to ids. Neighbouring text segments are tokenized as one. What is too long is cut by
// lm/fit_fields.hpp.
//
// Masked models: begin token, segments, separator. Where the mask swallows the white space before
// it, text before the answer slot loses it.
//
// Causal models: the segments alone, as their tokenizers add nothing; the begin token stands only
// where there would be no token at all. The answer slot must be the last segment; text before it
// loses its white space at the end, as an answer word brings its own. They know no separator: it is
// a line break.
class InputLayout {
 public:
  // Throws ModelError when the vocabulary of a masked model has no begin, separator or mask token.
  InputLayout(std::shared_ptr<const Tokenizer> tokenizer, InputRules rules);

  // Throws ModelError for a query that cannot be asked: not exactly one answer slot, something
  // after that of a causal model, ids outside the vocabulary, vectors of another width or not
  // finite, or longer than the model when all its fields are used up. `num_reserved` tokens of the
  // model's length are left free.
  [[nodiscard]] LaidOutQuery lay_out(const Query& query, int num_reserved = 0);

  // Tokens that are sent for a query and these answers: ModelView::count_tokens_with().
  [[nodiscard]] std::int64_t count_with(const Query& query, std::span<const Answer> answers);

 private:
  [[nodiscard]] bool is_causal() const { return rules_.family == ModelFamily::kCausal; }

  struct Draft;

  // Which tokens stand around and between segments.
  struct Marks {
    std::optional<TokenId> begin, end, mask;
    std::vector<TokenId> separator;
    bool strips_before_answer = false;
  };
  static Marks marks_of(const Tokenizer& tokenizer, const InputRules& rules);

  const Encoding& tokenize(const std::string& text);
  void add_text(const TextSegment& text, Draft& draft);
  void add_other(const Segment& segment, Draft& draft) const;
  void add_tokens(const PromptTokens& tokens, Draft& draft) const;
  void add_vectors(const PromptVectors& vectors, Draft& draft) const;
  void check_vectors(const PromptVectors& prompt) const;
  void check_id(TokenId id) const;
  void check_answer(const Draft& draft) const;
  void cut(Draft& draft, int num_reserved) const;
  static void keep(const std::vector<std::size_t>& tokens, LaidOutQuery& query);

  std::shared_ptr<const Tokenizer> tokenizer_;
  InputRules rules_;
  Marks marks_;
  // Texts seen before. Emptied when full; the result of a query does not depend on it.
  std::unordered_map<std::string, Encoding> memo_;
  std::size_t memo_bytes_ = 0;
};

}  // namespace bbprompt
