#include "bbprompt/lm/usage.hpp"

#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// 1234567 as "1,234,567".
std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t place = text.size(); place > first + 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text;
}

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  for (const UsageCounter& counter : kUsageCounters) this->*counter.value += other.*counter.value;
  return *this;
}

void Usage::append_to(ByteWriter& writer) const {
  for (const UsageCounter& counter : kUsageCounters) writer.put(this->*counter.value);
}

Usage Usage::deserialize(ByteReader& reader) {
  Usage usage;
  for (const UsageCounter& counter : kUsageCounters) {
    const auto count = reader.get<std::int64_t>();
    if (count < 0) {
      throw CommError("usage: " + std::to_string(count) + " " + std::string(counter.name) +
                      "; do all ranks run the same binary?");
    }
    usage.*counter.value = count;
  }
  return usage;
}

std::string file_name(const UsageCounter& counter) { return "num_" + std::string(counter.name); }

std::string describe(const Usage& usage) {
  std::vector<std::string> parts;
  for (const UsageCounter& counter : kUsageCounters) {
    const std::int64_t count = usage.*counter.value;
    if (count == 0 && !parts.empty()) continue;
    parts.push_back(with_commas(count) + " " +
                    std::string(count == 1 ? counter.one : counter.many));
  }
  std::string text = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    text += (i + 1 == parts.size() ? " and " : ", ") + parts[i];
  }
  return text;
}

}  // namespace bbprompt
