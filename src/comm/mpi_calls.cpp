#include "comm/mpi_calls.hpp"

#if BBPROMPT_HAS_ULFM
#include <mpi-ext.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
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

// A rank that died is an outcome, not an error, where the library survives it.
bool is_lost_rank(int code) {
#if BBPROMPT_HAS_ULFM
  if (code == MPI_SUCCESS) return false;
  int kind = MPI_SUCCESS;
  check(MPI_Error_class(code, &kind), "MPI_Error_class");
  return kind == MPIX_ERR_PROC_FAILED || kind == MPIX_ERR_PROC_FAILED_PENDING;
#else
  (void)code;
  return false;
#endif
}

// Receives from any rank fail until a loss is acknowledged.
void acknowledge_lost_ranks(MPI_Comm communicator) {
#if BBPROMPT_HAS_ULFM
  check(MPIX_Comm_failure_ack(communicator), "MPIX_Comm_failure_ack");
#else
  (void)communicator;
#endif
}

int count_of(std::span<const std::byte> bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

void mpi_init_funneled() {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    throw CommError(
        "this MPI library allows no threads besides the one that calls it; expected at "
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
  const int code =
      MPI_Isend(bytes.data(), count_of(bytes), MPI_BYTE, destination, kTag, communicator, &request);
  if (is_lost_rank(code)) return MPI_REQUEST_NULL;
  check(code, "MPI_Isend");
  return request;
}

std::optional<ProbedMessage> mpi_probe(MPI_Comm communicator) {
  int is_there = 0;
  ProbedMessage probed;
  MPI_Status status;
  const int code =
      MPI_Improbe(MPI_ANY_SOURCE, kTag, communicator, &is_there, &probed.message, &status);
  if (is_lost_rank(code)) {
    acknowledge_lost_ranks(communicator);
    return std::nullopt;
  }
  check(code, "MPI_Improbe");
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

bool mpi_test(MPI_Request& request) { return mpi_test_receive(request) != Delivery::kUnderWay; }

Delivery mpi_test_receive(MPI_Request& request) {
  int is_over = 0;
  const int code = MPI_Test(&request, &is_over, MPI_STATUS_IGNORE);
  if (is_lost_rank(code)) return Delivery::kLost;
  check(code, "MPI_Test");
  return is_over != 0 ? Delivery::kWhole : Delivery::kUnderWay;
}

std::vector<int> mpi_lost_ranks(MPI_Comm communicator) {
  std::vector<int> ranks;
#if BBPROMPT_HAS_ULFM
  acknowledge_lost_ranks(communicator);
  MPI_Group lost = MPI_GROUP_NULL;
  MPI_Group all = MPI_GROUP_NULL;
  check(MPIX_Comm_failure_get_acked(communicator, &lost), "MPIX_Comm_failure_get_acked");
  check(MPI_Comm_group(communicator, &all), "MPI_Comm_group");
  int count = 0;
  check(MPI_Group_size(lost, &count), "MPI_Group_size");
  std::vector<int> positions(static_cast<std::size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  ranks.resize(positions.size());
  check(MPI_Group_translate_ranks(lost, count, positions.data(), all, ranks.data()),
        "MPI_Group_translate_ranks");
  check(MPI_Group_free(&lost), "MPI_Group_free");
  check(MPI_Group_free(&all), "MPI_Group_free");
  std::sort(ranks.begin(), ranks.end());
#else
  (void)communicator;
#endif
  return ranks;
}

}  // namespace bbprompt
