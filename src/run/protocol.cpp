#include "bbprompt/run/protocol.hpp"

#include <span>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

void put(ByteWriter& writer, const TrialMessage& message) {
  writer.put(message.trial);
  writer.put_string(message.id);
  writer.put_string(message.resolved_yaml);
  writer.put_string(message.folder);
  writer.put_string(message.data_folder);
  writer.put_all(std::span<const double>(message.layer_scales));
  writer.put_string(message.findings);
  writer.put_string(message.journal);
}
void put(ByteWriter& writer, const ForgetMessage& message) { writer.put(message.trial); }
void put(ByteWriter& writer, const ItemMessage& message) { message.item.append_to(writer); }
void put(ByteWriter& writer, const ResultMessage& message) { message.result.append_to(writer); }
void put(ByteWriter& /*writer*/, const StopMessage& /*message*/) {}
void put(ByteWriter& writer, const StopAskedMessage& message) {
  writer.put_string(message.why);
  writer.put<std::uint8_t>(message.is_trouble ? 1 : 0);
}
void put(ByteWriter& /*writer*/, const ByeMessage& /*message*/) {}
void put(ByteWriter& /*writer*/, const DropMessage& /*message*/) {}

RunMessage read_body(std::size_t kind, ByteReader& reader) {
  switch (kind) {
    case 0: {
      TrialMessage message;
      message.trial = reader.get<std::int32_t>();
      message.id = reader.get_string();
      message.resolved_yaml = reader.get_string();
      message.folder = reader.get_string();
      message.data_folder = reader.get_string();
      message.layer_scales = reader.get_all<double>();
      message.findings = reader.get_string();
      message.journal = reader.get_string();
      return message;
    }
    case 1:
      return ForgetMessage{.trial = reader.get<std::int32_t>()};
    case 2:
      return ItemMessage{.item = WorkItem::deserialize(reader)};
    case 3:
      return StopMessage{};
    case 4:
      return ResultMessage{.result = WorkResult::deserialize(reader)};
    case 5:
      return StopAskedMessage{.why = reader.get_string(),
                              .is_trouble = reader.get<std::uint8_t>() != 0};
    case 6:
      return ByeMessage{};
    case 7:
      return DropMessage{};
    default:
      throw CommError("unknown kind of message: " + std::to_string(kind));
  }
}

}  // namespace

Bytes encode(const RunMessage& message) {
  ByteWriter writer;
  writer.put(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& body) { put(writer, body); }, message);
  return writer.take();
}

RunMessage decode(const Bytes& bytes) {
  ByteReader reader(bytes);
  const auto kind = reader.get<std::uint8_t>();
  RunMessage message = read_body(kind, reader);
  reader.expect_end();
  return message;
}

}  // namespace bbprompt
