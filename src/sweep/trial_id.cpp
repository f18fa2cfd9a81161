#include "sweep/trial_id.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/experiment_yaml.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kNumHashDigits = 8;
const std::string kNoName = "name: \"\"\n";

// Lower case; what is neither letter, digit nor '_' becomes '-'.
std::string slug(const std::string& name) {
  std::string result;
  for (const char c : name) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    const bool is_capital = c >= 'A' && c <= 'Z';
    result += is_kept ? c : is_capital ? static_cast<char>(c - 'A' + 'a') : '-';
  }
  return result;
}

std::string seed_line(std::uint64_t seed) { return "seeds: [" + std::to_string(seed) + "]\n"; }

}  // namespace

TrialText::TrialText(const ExperimentSpec& spec) {
  const std::string text = to_yaml(spec);
  const std::string seeds = seed_line(spec.seed);
  const std::size_t end = text.size() - seeds.size();
  const std::size_t begin = text.find('\n') + 1;
  if (begin > end || text.compare(end, seeds.size(), seeds) != 0) {
    throw Error("expected a specification that begins with its name and ends with its seed");
  }
  name_ = text.substr(0, begin);
  settings_ = text.substr(begin, end - begin);
}

std::string TrialText::yaml(std::uint64_t seed) const {
  return name_ + settings_ + seed_line(seed);
}

std::string TrialText::hash(std::uint64_t seed) const {
  return sha256_hex(kNoName + text_of_results(settings_) + seed_line(seed));
}

std::string trial_id(const ExperimentSpec& spec, const std::string& method,
                     const std::string& hash) {
  return slug(spec.task.name) + '-' + slug(method) + "-s" + std::to_string(spec.seed) + '-' +
         hash.substr(0, kNumHashDigits);
}

}  // namespace bbprompt
