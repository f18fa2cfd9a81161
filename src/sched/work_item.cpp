#include "bbprompt/sched/work_item.hpp"

#include <cmath>
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

// An enumerator by its number, up to the last one.
template <typename Enum>
Enum read_enum(ByteReader& reader, Enum last, const char* what, std::uint64_t id) {
  const auto value = reader.get<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) {
    refuse(what, id, "unknown number " + std::to_string(value));
  }
  return static_cast<Enum>(value);
}

template <typename T>
T read_count(ByteReader& reader, const char* what, std::uint64_t id) {
  const T value = reader.get<T>();
  if (value < 0) refuse(what, id, "negative number " + std::to_string(value));
  return value;
}

// Examples counted from the begin of an item, each once.
std::vector<std::int32_t> read_examples(ByteReader& reader, const char* what, std::uint64_t id) {
  auto examples = reader.get_all<std::int32_t>();
  std::int64_t least = 0;
  for (const std::int32_t example : examples) {
    if (example < least) refuse(what, id, "example " + std::to_string(example) + " out of order");
    least = std::int64_t{example} + 1;
  }
  return examples;
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

std::int64_t WorkItem::num_asked() const {
  return only.empty() ? end - begin : static_cast<std::int64_t>(only.size());
}

void WorkItem::append_to(ByteWriter& writer) const {
  writer.put(id);
  writer.put(trial);
  writer.put(group);
  writer.put(member);
  writer.put(static_cast<std::uint8_t>(split));
  writer.put(begin);
  writer.put(end);
  writer.put(static_cast<std::uint8_t>(kind));
  writer.put_all(std::span<const double>(point));
  writer.put_all(std::span<const std::int32_t>(only));
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
  item.member = read_count<std::int32_t>(reader, kWhat, item.id);
  item.split = read_enum(reader, Split::kTest, "split of work item", item.id);
  item.begin = read_count<std::int64_t>(reader, kWhat, item.id);
  item.end = read_count<std::int64_t>(reader, kWhat, item.id);
  if (item.begin > item.end) {
    refuse(kWhat, item.id,
           "examples " + std::to_string(item.begin) + " to " + std::to_string(item.end) +
               " end before they begin");
  }
  item.kind = read_enum(reader, Kind::kLayerScales, "kind of work item", item.id);
  item.point = reader.get_all<double>();
  item.only = read_examples(reader, kWhat, item.id);
  if (!item.only.empty() && item.only.back() >= item.end - item.begin) {
    refuse(kWhat, item.id, "example " + std::to_string(item.only.back()) + " behind its end");
  }
  item.attempt = read_count<std::int32_t>(reader, kWhat, item.id);
  return item;
}

void WorkResult::fail(const std::string& reason) {
  state = State::kFailed;
  error = reason.empty() ? "unknown error" : reason;
  label_scores.clear();
  missing.clear();
}

void WorkResult::append_to(ByteWriter& writer) const {
  writer.put(id);
  writer.put(static_cast<std::uint8_t>(state));
  writer.put_all(std::span<const double>(label_scores));
  writer.put_all(std::span<const std::int32_t>(missing));
  usage.append_to(writer);
  writer.put(seconds);
  writer.put_string(error);
  writer.put<std::uint8_t>(is_retryable ? 1 : 0);
  writer.put(retry_after_seconds);
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
  result.state = read_enum(reader, State::kDeferred, "state of work result", result.id);
  result.label_scores = reader.get_all<double>();
  result.missing = read_examples(reader, kWhat, result.id);
  if (result.ok() && !result.missing.empty()) {
    refuse(kWhat, result.id, "scored, but examples are missing");
  }
  if (!result.ok() && result.missing.empty() && !result.label_scores.empty()) {
    refuse(kWhat, result.id, "not scored, but there are scores");
  }
  result.usage = Usage::deserialize(reader);
  result.seconds = reader.get<double>();
  result.error = reader.get_string();
  result.is_retryable = read_flag(reader, kWhat, result.id);
  result.retry_after_seconds = reader.get<double>();
  if (!std::isfinite(result.retry_after_seconds) || result.retry_after_seconds < 0.0) {
    refuse(kWhat, result.id, "to be tried again after no number of seconds");
  }
  result.attempt = read_count<std::int32_t>(reader, kWhat, result.id);
  return result;
}

}  // namespace bbprompt
