#include "replica/float16.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

template <typename Word>
Word load(const std::byte* address) {
  Word word;
  std::memcpy(&word, address, sizeof word);
  return word;
}

// Infinities and NaNs are the words whose exponent bits are all set.
template <typename Word>
std::optional<std::size_t> find_full_exponent(std::span<const std::byte> bytes, Word exponent) {
  constexpr std::size_t kChunk = 4096;
  const std::size_t count = bytes.size() / sizeof(Word);
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t end = std::min(count, begin + kChunk);
    unsigned found = 0;  // without a branch, so that the compiler makes vectors of it
    for (std::size_t i = begin; i < end; ++i) {
      const Word word = load<Word>(bytes.data() + i * sizeof(Word));
      found |= static_cast<unsigned>((word & exponent) == exponent);
    }
    for (std::size_t i = begin; found != 0 && i < end; ++i) {
      if ((load<Word>(bytes.data() + i * sizeof(Word)) & exponent) == exponent) return i;
    }
  }
  return std::nullopt;
}

// Moves the fields to F32's places; the product with 2^112 mends the exponent's bias (127 - 15)
// and normalises subnormal numbers.
float from_f16(std::uint16_t half) {
  const std::uint32_t magnitude = (half & 0x7fffU) << 13;
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | sign);
}

float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

template <typename Convert>
void widen_words(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = convert(load<std::uint16_t>(bytes.data() + i * sizeof(std::uint16_t)));
}

}  // namespace

std::optional<std::size_t> find_non_finite(FloatType type, std::span<const std::byte> bytes) {
  switch (type) {
    case FloatType::kF32:
      return find_full_exponent<std::uint32_t>(bytes, 0x7f800000U);
    case FloatType::kF16:
      return find_full_exponent<std::uint16_t>(bytes, 0x7c00U);
    case FloatType::kBf16:
      return find_full_exponent<std::uint16_t>(bytes, 0x7f80U);
    case FloatType::kOther:
      break;
  }
  throw Error("find_non_finite: expected a float type");
}

std::size_t count_numbers(FloatType type, std::span<const std::byte> bytes) {
  return bytes.size() / (type == FloatType::kF32 ? sizeof(float) : sizeof(std::uint16_t));
}

void widen(FloatType type, std::span<const std::byte> bytes, std::span<float> out) {
  if (type == FloatType::kOther || out.size() != count_numbers(type, bytes))
    throw Error("widen: expected a float type and room for its numbers");
  if (out.empty()) return;
  if (type == FloatType::kF32) {
    std::memcpy(out.data(), bytes.data(), out.size_bytes());
  } else if (type == FloatType::kF16) {
    widen_words(bytes, out, from_f16);
  } else {
    widen_words(bytes, out, from_bf16);
  }
}

}  // namespace bbprompt
