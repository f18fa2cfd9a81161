// Ends in the way that its argument names, to see what the launcher makes of it. Every rank first
// hears from rank 0, so that all are under way; those that do not end then wait for ever.
#include <csignal>
#include <cstdio>
#include <limits>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/mpi_channel.hpp"

namespace {

using namespace bbprompt;

void wait_for_ever(MpiChannel& channel) {
  (void)channel.receive(std::numeric_limits<double>::infinity());
}

int run(const std::string& mode) {
  const MpiEnvironment environment;
  const Communicator world(environment);
  MpiChannel channel(world, {.flush_seconds = 0.1});
  if (world.broadcast(mode, 0) == "end") return 0;
  const int rank = world.rank();
  if (mode == "kill_worker" && rank == 1) std::raise(SIGKILL);
  if (mode == "kill_master" && rank == 0) std::raise(SIGKILL);
  if (mode == "abort" && rank == 1) MpiEnvironment::abort(75);
  if (mode == "leave" && rank == 0) MpiEnvironment::leave_without_finalize(3);
  if (mode == "throw" && rank == 1) throw Error("thrown on purpose");
  if (mode == "unreceived") {
    if (rank != 0) channel.send(0, Bytes(10'000'000));
    return 0;
  }
  wait_for_ever(channel);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "end");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 4;
  }
}
