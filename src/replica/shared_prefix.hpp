#pragma once

#include <cstddef>
#include <span>

#include "bbprompt/lm/input_layout.hpp"

namespace bbprompt {

// Tokens at the beginning that all queries share, with the same vectors at them; each query keeps
// at least one token of its own. Depends on ids and numbers alone, so equal queries share alike
// wherever they are computed. 0 for fewer than two queries, and where sharing would save fewer than
// kLeastSaved tokens, as computing a beginning apart reads all weights once more.
inline constexpr std::size_t kLeastSaved = 32;
[[nodiscard]] std::size_t shared_prefix(std::span<const LaidOutQuery> queries,
                                        std::size_t hidden_size);

}  // namespace bbprompt
