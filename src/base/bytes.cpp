#include "bbprompt/base/bytes.hpp"

#include "bbprompt/base/error.hpp"

namespace bbprompt {

void ByteReader::expect_end() const {
  if (!rest_.empty()) {
    throw CommError("message has " + std::to_string(rest_.size()) + " bytes after its end");
  }
}

void ByteReader::fail(std::size_t wanted) const {
  throw CommError("message is cut: expected " + std::to_string(wanted) + " more bytes, found " +
                  std::to_string(rest_.size()));
}

}  // namespace bbprompt
