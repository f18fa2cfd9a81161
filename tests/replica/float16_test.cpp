#include "replica/float16.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace bbprompt {
namespace {

std::vector<std::uint16_t> all_words() {
  std::vector<std::uint16_t> words;
  for (unsigned word = 0; word <= 0xffff; ++word) words.push_back(static_cast<std::uint16_t>(word));
  return words;
}

// IEEE 754 binary16: 5 exponent bits with bias 15, 10 fraction bits.
double decode_f16(unsigned word) {
  const double sign = (word & 0x8000U) != 0 ? -1 : 1;
  const int exponent = static_cast<int>((word >> 10) & 31U);
  const double fraction = (word & 1023U) / 1024.0;
  return exponent == 0 ? sign * std::ldexp(fraction, -14)
                       : sign * std::ldexp(1 + fraction, exponent - 15);
}

// bfloat16: 8 exponent bits with bias 127, 7 fraction bits.
double decode_bf16(unsigned word) {
  const double sign = (word & 0x8000U) != 0 ? -1 : 1;
  const int exponent = static_cast<int>((word >> 7) & 255U);
  const double fraction = (word & 127U) / 128.0;
  return exponent == 0 ? sign * std::ldexp(fraction, -126)
                       : sign * std::ldexp(1 + fraction, exponent - 127);
}

TEST(Float16, WidensEveryFiniteWordExactlyAndFindsTheOthers) {
  const auto words = all_words();
  for (const auto& [type, decode, exponent] :
       {std::tuple(FloatType::kF16, &decode_f16, 0x7c00U),
        std::tuple(FloatType::kBf16, &decode_bf16, 0x7f80U)}) {
    for (const std::uint16_t word : words) {
      const auto bytes = std::as_bytes(std::span(&word, 1));
      const bool is_finite = (word & exponent) != exponent;
      ASSERT_EQ(find_non_finite(type, bytes).has_value(), !is_finite) << word;
      if (!is_finite) continue;
      float widened = 0;
      widen(type, bytes, {&widened, 1});
      ASSERT_EQ(static_cast<double>(widened), decode(word)) << word;
      ASSERT_EQ(std::signbit(widened), (word & 0x8000U) != 0) << word;
    }
  }
}

TEST(Float16, FindsTheFirstNonFiniteNumberAtAnyOffset) {
  std::vector<float> numbers(10'000, 1.5F);
  const auto bytes = std::as_bytes(std::span(numbers));
  EXPECT_EQ(find_non_finite(FloatType::kF32, bytes), std::nullopt);
  numbers[9'999] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(find_non_finite(FloatType::kF32, bytes), 9'999U);
  numbers[4'096] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(find_non_finite(FloatType::kF32, bytes), 4'096U);
}

TEST(Float16, ReadsUnalignedBytes) {
  std::vector<std::byte> bytes(1 + 3 * sizeof(float));
  const std::vector<float> numbers = {1, -2, 3.25F};
  std::memcpy(bytes.data() + 1, numbers.data(), 3 * sizeof(float));
  const auto unaligned = std::span<const std::byte>(bytes).subspan(1);
  EXPECT_EQ(find_non_finite(FloatType::kF32, unaligned), std::nullopt);
  std::vector<float> widened(3);
  widen(FloatType::kF32, unaligned, widened);
  EXPECT_EQ(widened, numbers);
}

}  // namespace
}  // namespace bbprompt
