#pragma once

#include <cstdint>

namespace bbprompt {

// Row number in a model's vocabulary.
using TokenId = std::int32_t;

}  // namespace bbprompt
