#pragma once

// Every MPI call of the project, each checked in one place: errors throw CommError.

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/comm/communicator.hpp"

namespace bbprompt {

struct Communicator::Handle {
  MPI_Comm communicator = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
};

void mpi_init_funneled();
void mpi_finalize();
[[noreturn]] void mpi_abort(int code);
[[nodiscard]] int mpi_world_size();

// Collective; the duplicate returns errors.
[[nodiscard]] std::unique_ptr<Communicator::Handle> mpi_duplicate(MPI_Comm communicator);
// Nothing after MPI_Finalize.
void mpi_free(MPI_Comm communicator);

// `bytes` holds at most INT_MAX bytes in each of these.
void mpi_broadcast(std::span<std::byte> bytes, int root, MPI_Comm communicator);
[[nodiscard]] MPI_Request mpi_send(std::span<const std::byte> bytes, int destination,
                                   MPI_Comm communicator);

// A message that has come in (matched: no other call can take it), and its length.
struct ProbedMessage {
  MPI_Message message = MPI_MESSAGE_NULL;
  int source = 0;
  std::size_t num_bytes = 0;
};
[[nodiscard]] std::optional<ProbedMessage> mpi_probe(MPI_Comm communicator);
[[nodiscard]] MPI_Request mpi_receive(std::span<std::byte> bytes, MPI_Message message);

// Whether the operation is over; frees the request then. One with a lost rank is over.
[[nodiscard]] bool mpi_test(MPI_Request& request);

// The same for a receive, which a lost rank leaves without a message.
enum class Delivery { kUnderWay, kWhole, kLost };
[[nodiscard]] Delivery mpi_test_receive(MPI_Request& request);

// Every rank that is known to have died, ascending. Empty where the library cannot tell.
[[nodiscard]] std::vector<int> mpi_lost_ranks(MPI_Comm communicator);

}  // namespace bbprompt
