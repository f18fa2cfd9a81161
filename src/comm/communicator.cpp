#include "bbprompt/comm/communicator.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "comm/mpi_calls.hpp"

namespace bbprompt {

Communicator::Communicator(const MpiEnvironment& /*environment*/)
    : handle_(mpi_duplicate(MPI_COMM_WORLD)) {}

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}

Communicator::Communicator(Communicator&& other) noexcept = default;

// Freeing is collective, so not while an exception takes this rank out of step with the others.
Communicator::~Communicator() {
  if (handle_ == nullptr || std::uncaught_exceptions() > 0) return;
  try {
    mpi_free(handle_->communicator);
  } catch (const CommError&) {
    return;
  }
}

Communicator Communicator::duplicate() const {
  return Communicator(mpi_duplicate(handle_->communicator));
}

int Communicator::rank() const { return handle_->rank; }

int Communicator::size() const { return handle_->size; }

std::string Communicator::broadcast(std::string text, int root) const {
  constexpr std::size_t kChunk = std::size_t{1} << 30U;
  std::uint64_t size = text.size();
  mpi_broadcast(std::as_writable_bytes(std::span(&size, 1)), root, handle_->communicator);
  text.resize(size);
  for (std::size_t begin = 0; begin < size; begin += kChunk) {
    const auto chunk = std::span(text).subspan(begin, std::min(kChunk, size - begin));
    mpi_broadcast(std::as_writable_bytes(chunk), root, handle_->communicator);
  }
  return text;
}

}  // namespace bbprompt
