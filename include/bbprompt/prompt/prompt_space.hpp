#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

// Written text, joined with the pattern around it.
struct PromptText {
  std::string text;
};

// Solved examples before the query, in this order; indices into the train split.
struct PromptDemonstrations {
  std::vector<std::int64_t> examples;
  int max_field_tokens = 0;  // each of their texts is cut to this many tokens; 0: no limit
};

// What is put at the template's {prompt}, or before the pattern: learned, or chosen.
using Prompt = std::variant<PromptTokens, PromptVectors, PromptText, PromptDemonstrations>;

// Point of the search space to prompt.
class PromptSpace {
 public:
  virtual ~PromptSpace() = default;

  // Dimension of a point.
  [[nodiscard]] virtual Eigen::Index dimension() const = 0;
  // Positions that are searched; 0 where the prompt is text.
  [[nodiscard]] virtual int num_tokens() const = 0;

  // What an optimizer searches, and where it starts; dimension() coordinates.
  [[nodiscard]] virtual SearchDomain domain() const = 0;

  // Points to be judged without a search: kinds of prompt that offer a few fixed ones. Empty where
  // an optimizer searches.
  [[nodiscard]] virtual std::vector<Eigen::VectorXd> fixed_points() const { return {}; }

  // Discrete prompts: the options that a position chooses among, as text, and the index that the
  // point chooses at each position. Empty for other prompts.
  [[nodiscard]] virtual std::vector<std::string> option_texts() const { return {}; }
  // Their tokens.
  [[nodiscard]] virtual std::vector<std::vector<TokenId>> option_ids() const { return {}; }
  [[nodiscard]] virtual std::vector<int> choices(std::span<const double> /*point*/) const {
    return {};
  }

  // Deep prompts: the vectors of layers 1, 2, ... are scaled by the model's hidden states before
  // them, whose standard deviations come after the space is made. Until then everything works but
  // that prompts are of the input layer alone.
  [[nodiscard]] virtual bool needs_layer_scales() const { return false; }
  // Throws Error where they are not as many as layers, or not finite and above 0, and for other
  // prompts.
  virtual void set_layer_scales(std::span<const double> deviations);

  // Pure: the same point gives the same prompt on every rank. Throws Error when the size is
  // not dimension() or a value is not finite.
  [[nodiscard]] virtual Prompt decode(std::span<const double> point) const = 0;
};

}  // namespace bbprompt
