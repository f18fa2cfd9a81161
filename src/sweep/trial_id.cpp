#include "sweep/trial_id.hpp"

#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/experiment_yaml.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kNumHashDigits = 8;

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

}  // namespace

std::string trial_hash(const ExperimentSpec& spec) {
  ExperimentSpec nameless = spec;
  nameless.name.clear();
  return sha256_hex(to_yaml(nameless));
}

std::string trial_id(const ExperimentSpec& spec, const std::string& method,
                     const std::string& hash) {
  return slug(spec.task.name) + '-' + slug(method) + "-s" + std::to_string(spec.seed) + '-' +
         hash.substr(0, kNumHashDigits);
}

}  // namespace bbprompt
