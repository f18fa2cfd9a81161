#include "bbprompt/base/bytes.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

TEST(Bytes, ReadBackWhatWasWritten) {
  ByteWriter writer;
  writer.put<std::int32_t>(-7);
  writer.put_all(std::span<const double>(std::vector<double>{1.5, -2.5}));
  writer.put_string("text");
  const Bytes bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::int32_t>(), -7);
  EXPECT_EQ(reader.get_all<double>(), (std::vector<double>{1.5, -2.5}));
  EXPECT_EQ(reader.get_string(), "text");
  EXPECT_NO_THROW(reader.expect_end());
}

TEST(Bytes, EveryCutOfAMessageIsRefused) {
  ByteWriter writer;
  writer.put<std::int32_t>(1);
  writer.put_string("text");
  const Bytes bytes = writer.take();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader{std::span(bytes).first(size)};
    EXPECT_THROW(
        {
          (void)reader.get<std::int32_t>();
          (void)reader.get_string();
        },
        CommError)
        << size;
  }
}

TEST(Bytes, AHugeLengthIsRefusedBeforeAllocating) {
  ByteWriter writer;
  writer.put<std::uint64_t>(~std::uint64_t{0});
  const Bytes bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_THROW((void)reader.get_all<double>(), CommError);
}

}  // namespace
}  // namespace bbprompt
