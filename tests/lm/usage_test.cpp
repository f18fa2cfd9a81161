#include "bbprompt/lm/usage.hpp"

#include <gtest/gtest.h>

#include <set>
#include <span>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// Every counter has a value of its own: 1, 10, 100, ...
Usage sample() {
  Usage usage;
  std::int64_t value = 1;
  for (const UsageCounter& counter : kUsageCounters) {
    usage.*counter.value = value;
    value *= 10;
  }
  return usage;
}

TEST(Usage, TheTableHasEveryCounterOnce) {
  // All members are counters, so their number is that of the numbers which the struct holds.
  EXPECT_EQ(kUsageCounters.size(), sizeof(Usage) / sizeof(std::int64_t));
  std::set<std::string_view> names;
  for (const UsageCounter& counter : kUsageCounters) {
    names.insert(counter.name);
    Usage one;
    one.*counter.value = 1;
    int num_set = 0;
    for (const UsageCounter& other : kUsageCounters) num_set += one.*other.value == 1 ? 1 : 0;
    EXPECT_EQ(num_set, 1) << counter.name << " shares its member";
  }
  EXPECT_EQ(names.size(), kUsageCounters.size());
}

TEST(Usage, AddsEachCounter) {
  Usage usage = sample();
  usage += sample();
  usage += Usage{};
  for (const UsageCounter& counter : kUsageCounters)
    EXPECT_EQ(usage.*counter.value, 2 * (sample().*counter.value)) << counter.name;
}

TEST(Usage, EachCounterIsReadBack) {
  ByteWriter writer;
  sample().append_to(writer);
  const Bytes bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_EQ(Usage::deserialize(reader), sample());
  EXPECT_NO_THROW(reader.expect_end());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut{std::span(bytes).first(size)};
    EXPECT_THROW((void)Usage::deserialize(cut), CommError) << size;
  }
}

TEST(Usage, NegativeNumbersAreRefused) {
  for (const UsageCounter& counter : kUsageCounters) {
    Usage usage = sample();
    usage.*counter.value = -1;
    ByteWriter writer;
    usage.append_to(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_THROW((void)Usage::deserialize(reader), CommError) << counter.name;
  }
}

// Names in files of today: a change makes them unreadable.
TEST(Usage, HasTheNamesOfItsFiles) {
  std::vector<std::string> names;
  for (const UsageCounter& counter : kUsageCounters) {
    if (!counter.is_later) names.push_back(file_name(counter));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"num_queries", "num_calls", "num_tokens", "num_truncated"}));
}

TEST(Usage, IsDescribedAsAPersonWouldWriteIt) {
  EXPECT_EQ(describe({}), "0 queries");
  EXPECT_EQ(describe({.num_queries = 1}), "1 query");
  EXPECT_EQ(describe({.num_queries = 1, .num_calls = 1}), "1 query and 1 call");
  EXPECT_EQ(describe({.num_queries = 2, .num_tokens = 1, .num_truncated = 1, .num_calls = 999}),
            "2 queries, 999 calls, 1 token and 1 truncated query");
  EXPECT_EQ(describe({.num_queries = 1000, .num_tokens = 1234567890, .num_truncated = 12}),
            "1,000 queries, 1,234,567,890 tokens and 12 truncated queries");
}

}  // namespace
}  // namespace bbprompt
