#include "replica/shared_prefix.hpp"

#include <algorithm>
#include <cstring>

namespace bbprompt {
namespace {

bool is_same_vector(const InputVector& a, const InputVector& b, std::size_t hidden_size) {
  return a.token == b.token && a.use == b.use &&
         std::memcmp(a.values, b.values, hidden_size * sizeof(float)) == 0;
}

// Tokens of `first` and `other` up to the first that has another id or vector. Vectors stand in the
// order of their tokens.
std::size_t common_begin(const LaidOutQuery& first, const LaidOutQuery& other,
                         std::size_t hidden_size) {
  const auto ids =
      std::mismatch(first.ids.begin(), first.ids.end(), other.ids.begin(), other.ids.end());
  const auto vectors =
      std::mismatch(first.vectors.begin(), first.vectors.end(), other.vectors.begin(),
                    other.vectors.end(), [&](const InputVector& a, const InputVector& b) {
                      return is_same_vector(a, b, hidden_size);
                    });
  Eigen::Index common = ids.first - first.ids.begin();
  if (vectors.first != first.vectors.end()) common = std::min(common, vectors.first->token);
  if (vectors.second != other.vectors.end()) common = std::min(common, vectors.second->token);
  return static_cast<std::size_t>(common);
}

}  // namespace

std::size_t shared_prefix(std::span<const LaidOutQuery> queries, std::size_t hidden_size) {
  if (queries.size() < 2) return 0;
  std::size_t shared = queries.front().ids.size();
  for (const LaidOutQuery& query : queries) {
    shared = std::min(shared, query.ids.size() - 1);
    shared = std::min(shared, common_begin(queries.front(), query, hidden_size));
  }
  return shared * (queries.size() - 1) < kLeastSaved ? 0 : shared;
}

}  // namespace bbprompt
