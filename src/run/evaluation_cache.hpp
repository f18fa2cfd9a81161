#pragma once

#include <Eigen/Core>
#include <map>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Train scores of the discrete prompts that a trial has asked, so that none is paid for twice.
class EvaluationCache {
 public:
  struct Entry {
    double loss = 0.0;            // mean objective
    Eigen::VectorXd label_means;  // mean score of each label
  };

  // Null when the prompt was not asked. The pointer holds until the next insert().
  [[nodiscard]] const Entry* find(const std::string& prompt) const;
  // Keeps the first entry of a prompt.
  void insert(const std::string& prompt, Entry entry);

  // Entries in the order they came. restore() takes what save() wrote.
  void save(Checkpoint& checkpoint) const;
  void restore(const Checkpoint& checkpoint);

 private:
  std::map<std::string, Entry> entries_;
  std::vector<std::string> order_;
};

}  // namespace bbprompt
