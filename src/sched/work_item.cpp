#include "bbprompt/sched/work_item.hpp"

#include <span>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

[[noreturn]] void refuse(const char* what, std::uint64_t id, const std::string& found) {
  throw CommError(std::string(what) + " " + std::to_string(id) + ": " + found +
                  "; do all ranks run the same binary?");
}

bool read_flag(ByteReader& reader, const char* what, std::uint64_t id) {
  const auto value = reader.get<std::uint8_t>();
  if (value > 1) refuse(what, id, "flag " + std::to_string(value) + " instead of 0 or 1");
  return value == 1;
}

Split read_split(ByteReader& reader, std::uint64_t id) {
  const auto value = reader.get<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(Split::kTest)) {
    refuse("work item", id, "unknown split " + std::to_string(value));
  }
  return static_cast<Split>(value);
}

template <typename T>
T read_count(ByteReader& reader, const char* what, std::uint64_t id) {
  const T value = reader.get<T>();
  if (value < 0) refuse(what, id, "negative number " + std::to_string(value));
  return value;
}

}  // namespace

std::string to_string(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kDev:
      return "dev";
    case Split::kTest:
      return "test";
  }
  throw Error("unknown split " + std::to_string(static_cast<int>(split)));
}

void WorkItem::append_to(ByteWriter& writer) const {
  writer.put(id);
  writer.put(trial);
  writer.put(group);
  writer.put(candidate);
  writer.put(static_cast<std::uint8_t>(split));
  writer.put(begin);
  writer.put(end);
  writer.put<std::uint8_t>(is_manual ? 1 : 0);
  writer.put_all(std::span<const double>(point));
  writer.put(attempt);
}

Bytes WorkItem::serialize() const {
  ByteWriter writer;
  append_to(writer);
  return writer.take();
}

WorkItem WorkItem::deserialize(ByteReader& reader) {
  constexpr const char* kWhat = "work item";
  WorkItem item;
  item.id = reader.get<std::uint64_t>();
  item.trial = read_count<std::int32_t>(reader, kWhat, item.id);
  item.group = reader.get<std::int64_t>();
  item.candidate = read_count<std::int32_t>(reader, kWhat, item.id);
  item.split = read_split(reader, item.id);
  item.begin = read_count<std::int64_t>(reader, kWhat, item.id);
  item.end = read_count<std::int64_t>(reader, kWhat, item.id);
  if (item.begin > item.end) {
    refuse(kWhat, item.id,
           "examples " + std::to_string(item.begin) + " to " + std::to_string(item.end) +
               " end before they begin");
  }
  item.is_manual = read_flag(reader, kWhat, item.id);
  item.point = reader.get_all<double>();
  item.attempt = read_count<std::int32_t>(reader, kWhat, item.id);
  return item;
}

void WorkResult::append_to(ByteWriter& writer) const {
  writer.put(id);
  writer.put_all(std::span<const double>(label_scores));
  writer.put(num_queries);
  writer.put(num_calls);
  writer.put(num_tokens);
  writer.put(num_truncated);
  writer.put(seconds);
  writer.put_string(error);
  writer.put<std::uint8_t>(is_retryable ? 1 : 0);
  writer.put(attempt);
}

Bytes WorkResult::serialize() const {
  ByteWriter writer;
  append_to(writer);
  return writer.take();
}

WorkResult WorkResult::deserialize(ByteReader& reader) {
  constexpr const char* kWhat = "work result";
  WorkResult result;
  result.id = reader.get<std::uint64_t>();
  result.label_scores = reader.get_all<double>();
  result.num_queries = read_count<std::int64_t>(reader, kWhat, result.id);
  result.num_calls = read_count<std::int64_t>(reader, kWhat, result.id);
  result.num_tokens = read_count<std::int64_t>(reader, kWhat, result.id);
  result.num_truncated = read_count<std::int64_t>(reader, kWhat, result.id);
  result.seconds = reader.get<double>();
  result.error = reader.get_string();
  result.is_retryable = read_flag(reader, kWhat, result.id);
  result.attempt = read_count<std::int32_t>(reader, kWhat, result.id);
  return result;
}

}  // namespace bbprompt
