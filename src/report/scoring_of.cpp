#include "report/scoring_of.hpp"

#include <algorithm>
#include <string_view>

namespace bbprompt {
namespace {

// A resolved configuration has one key a line, and what is in a section is indented.
template <typename Visit>
void each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Knows line by line whether it is of the section `scoring`.
class ScoringSection {
 public:
  bool has(std::string_view line) {
    if (!line.starts_with(' ')) is_inside_ = line.starts_with("scoring:");
    return is_inside_;
  }

 private:
  bool is_inside_ = false;
};

}  // namespace

bool is_calibrated(const TrialRecord& trial) {
  constexpr std::string_view kKey = "calibration: ";
  bool is_found = false;
  ScoringSection scoring;
  each_line(trial.config, [&](std::string_view line) {
    if (!scoring.has(line)) return;
    const std::size_t key = line.find(kKey);
    if (key == std::string_view::npos) return;
    is_found = !line.substr(key + kKey.size()).starts_with("none");
  });
  return is_found;
}

std::string all_but_scoring(const TrialRecord& trial) {
  std::string text = trial.task + '\n' + trial.metric + '\n' + std::to_string(trial.seed) + '\n' +
                     trial.model_fingerprint + '\n';
  ScoringSection scoring;
  each_line(trial.config, [&](std::string_view line) {
    if (scoring.has(line) || line.starts_with("name:")) return;
    text.append(line).append("\n");
  });
  return text;
}

std::string with_calibration(const std::string& config, const std::string& calibration) {
  std::string text;
  ScoringSection scoring;
  each_line(config, [&](std::string_view line) {
    const std::size_t key = scoring.has(line) ? line.find("calibration: ") : std::string_view::npos;
    if (key == std::string_view::npos) {
      text.append(line);
    } else {
      text.append(line.substr(0, key)).append("calibration: ").append(calibration);
    }
    text += '\n';
  });
  return text;
}

}  // namespace bbprompt
