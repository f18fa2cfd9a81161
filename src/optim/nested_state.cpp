#include "optim/nested_state.hpp"

namespace bbprompt {
namespace {

template <typename Map>
Map entries_of(const Map& whole, const std::string& prefix) {
  Map part;
  for (auto at = whole.lower_bound(prefix); at != whole.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    part[at->first.substr(prefix.size())] = at->second;
  }
  return part;
}

}  // namespace

void add_part(OptimizerState& whole, const std::string& prefix, const OptimizerState& part) {
  for (const auto& [name, values] : part.arrays) whole.arrays[prefix + name] = values;
  for (const auto& [name, value] : part.integers) whole.integers[prefix + name] = value;
}

OptimizerState part_state(const OptimizerState& whole, const std::string& prefix,
                          const std::string& kind) {
  return {.kind = kind,
          .arrays = entries_of(whole.arrays, prefix),
          .integers = entries_of(whole.integers, prefix)};
}

}  // namespace bbprompt
