#pragma once

#include <string>
#include <vector>

#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

struct PromptPart {
  std::string text;
  Prompt without;   // the whole prompt without it
  int choice = -1;  // discrete: index of its candidate; -1: none
};

// A prompt taken apart.
class PromptParts {
 public:
  // The prompt of `record.point`, which must be of `space`.
  PromptParts(const PromptRecord& record, const PromptSpace& space);

  [[nodiscard]] const Prompt& whole() const { return whole_; }
  [[nodiscard]] const std::vector<PromptPart>& parts() const { return parts_; }

  // Discrete prompts: what may stand at a position; empty for others.
  [[nodiscard]] const std::vector<std::string>& option_texts() const { return texts_; }

  // The whole prompt with that candidate at the part's position.
  [[nodiscard]] Prompt replaced(std::size_t part, int candidate) const;

 private:
  void split_choices(const std::vector<int>& choices);
  void split(const PromptTokens& prompt, const PromptRecord& record);
  void split(const PromptVectors& prompt, const PromptRecord& record);

  Prompt whole_;
  std::vector<PromptPart> parts_;
  std::vector<std::string> texts_;
  std::vector<std::vector<TokenId>> ids_;  // per candidate
};

}  // namespace bbprompt
