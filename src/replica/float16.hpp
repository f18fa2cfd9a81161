#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace bbprompt {

enum class FloatType { kF32, kF16, kBf16, kOther };

// Index of the first infinity or NaN among little-endian numbers. Any alignment.
[[nodiscard]] std::optional<std::size_t> find_non_finite(FloatType type,
                                                         std::span<const std::byte> bytes);

[[nodiscard]] std::size_t count_numbers(FloatType type, std::span<const std::byte> bytes);

// The finite numbers as F32, exactly; subnormal ones included. Any alignment of `bytes`; `out` has
// room for exactly these numbers.
void widen(FloatType type, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace bbprompt
