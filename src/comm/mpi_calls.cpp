#include "comm/mpi_calls.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr int kTag = 1;

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw CommError(std::string(call) + " failed: " + text.data());
}

int count_of(std::span<const std::byte> bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

void mpi_init_funneled() {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    throw CommError(
        "this MPI library allows no threads beside the one that calls it; expected at "
        "least MPI_THREAD_FUNNELED");
  }
}

void mpi_finalize() { check(MPI_Finalize(), "MPI_Finalize"); }

void mpi_abort(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::abort();
}

int mpi_world_size() {
  int size = 0;
  check(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size");
  return size;
}

std::unique_ptr<Communicator::Handle> mpi_duplicate(MPI_Comm communicator) {
  auto handle = std::make_unique<Communicator::Handle>();
  check(MPI_Comm_dup(communicator, &handle->communicator), "MPI_Comm_dup");
  check(MPI_Comm_set_errhandler(handle->communicator, MPI_ERRORS_RETURN),
        "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(handle->communicator, &handle->rank), "MPI_Comm_rank");
  check(MPI_Comm_size(handle->communicator, &handle->size), "MPI_Comm_size");
  return handle;
}

void mpi_free(MPI_Comm communicator) {
  int is_finalized = 0;
  check(MPI_Finalized(&is_finalized), "MPI_Finalized");
  if (is_finalized == 0) check(MPI_Comm_free(&communicator), "MPI_Comm_free");
}

void mpi_broadcast(std::span<std::byte> bytes, int root, MPI_Comm communicator) {
  check(MPI_Bcast(bytes.data(), count_of(bytes), MPI_BYTE, root, communicator), "MPI_Bcast");
}

MPI_Request mpi_send(std::span<const std::byte> bytes, int destination, MPI_Comm communicator) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(
      MPI_Isend(bytes.data(), count_of(bytes), MPI_BYTE, destination, kTag, communicator, &request),
      "MPI_Isend");
  return request;
}

std::optional<ProbedMessage> mpi_probe(MPI_Comm communicator) {
  int is_there = 0;
  ProbedMessage probed;
  MPI_Status status;
  check(MPI_Improbe(MPI_ANY_SOURCE, kTag, communicator, &is_there, &probed.message, &status),
        "MPI_Improbe");
  if (is_there == 0) return std::nullopt;
  int count = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  probed.source = status.MPI_SOURCE;
  probed.num_bytes = static_cast<std::size_t>(count);
  return probed;
}

MPI_Request mpi_receive(std::span<std::byte> bytes, MPI_Message message) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Imrecv(bytes.data(), count_of(bytes), MPI_BYTE, &message, &request), "MPI_Imrecv");
  return request;
}

bool mpi_test(MPI_Request& request) {
  int is_over = 0;
  check(MPI_Test(&request, &is_over, MPI_STATUS_IGNORE), "MPI_Test");
  return is_over != 0;
}

}  // namespace bbprompt
