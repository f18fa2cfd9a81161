#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"

namespace bbprompt {

// Prompts that are listed rather than searched: a point is the number of one.
class FixedPromptSpace : public PromptSpace {
 public:
  [[nodiscard]] Eigen::Index dimension() const override { return 1; }
  [[nodiscard]] int num_tokens() const override { return 0; }
  [[nodiscard]] SearchDomain domain() const override;
  [[nodiscard]] std::vector<Eigen::VectorXd> fixed_points() const override;

 protected:
  [[nodiscard]] virtual int num_prompts() const = 0;
  // Index of the prompt that a point is. Throws Error as decode() does.
  [[nodiscard]] std::size_t index_of(std::span<const double> point) const;
};

// One written prompt.
class ManualPromptSpace : public FixedPromptSpace {
 public:
  explicit ManualPromptSpace(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] Prompt decode(std::span<const double> point) const override;

 protected:
  [[nodiscard]] int num_prompts() const override { return 1; }

 private:
  std::string text_;
};

// The same as tokens, exactly these.
class ManualTokensSpace : public FixedPromptSpace {
 public:
  explicit ManualTokensSpace(std::vector<TokenId> ids) : ids_(std::move(ids)) {}
  [[nodiscard]] Prompt decode(std::span<const double> point) const override;

 protected:
  [[nodiscard]] int num_prompts() const override { return 1; }

 private:
  std::vector<TokenId> ids_;
};

// What demonstrations are drawn from.
struct DemonstrationInputs {
  std::vector<int> labels;               // of each example of the train split
  std::vector<std::int64_t> num_tokens;  // that each example takes as a demonstration
  std::int64_t max_tokens = 0;           // that all demonstrations together may take
  std::uint64_t seed = 0;
};

// In-context learning: `draws` selections of `per_class` solved examples of each label. Draw d
// comes from RandomStream{seed, 0, d, "demonstrations"}: it shuffles the examples of each label,
// takes the first per_class, and lists them in rounds of one of each label, each round in a random
// order of its own. Demonstrations at the end that do not fit into `max_tokens` are left out, so
// what is left is balanced but for one round. A draw that repeats an earlier one is left out too.
class DemonstrationPromptSpace : public FixedPromptSpace {
 public:
  // Throws SettingError where a label has fewer than per_class examples, or no demonstration fits.
  DemonstrationPromptSpace(const DemonstrationOptions& options, const DemonstrationInputs& inputs);

  [[nodiscard]] Prompt decode(std::span<const double> point) const override;

  // How many demonstrations fit, and draws that were left out; empty where all is as asked.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 protected:
  [[nodiscard]] int num_prompts() const override { return static_cast<int>(draws_.size()); }

 private:
  void note(const DemonstrationOptions& options, std::size_t num_drawn);

  int max_field_tokens_;
  std::vector<std::vector<std::int64_t>> draws_;
  std::vector<std::string> notes_;
};

}  // namespace bbprompt
