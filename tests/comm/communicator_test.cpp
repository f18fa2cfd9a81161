#include "bbprompt/comm/communicator.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/comm/launch.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "tests/comm/mpi_support.hpp"

namespace bbprompt {
namespace {

using testing::mpi_environment;

TEST(Communicator, RankAndSizeAreThoseTheLauncherGave) {
  const Communicator world(mpi_environment());
  EXPECT_EQ(std::to_string(world.rank()), std::getenv("OMPI_COMM_WORLD_RANK"));
  EXPECT_EQ(std::to_string(world.size()), std::getenv("OMPI_COMM_WORLD_SIZE"));
  EXPECT_EQ(is_started_by_mpi_launcher(), world.size() > 1);
}

TEST(Communicator, ABroadcastTextReachesEveryRankWhole) {
  const Communicator world(mpi_environment());
  const std::string long_text(200'000, 'x');
  for (const std::string& text :
       {std::string(), std::string("a: b\n"), std::string("nul \0 inside", 12), long_text}) {
    for (int root = 0; root < world.size(); ++root) {
      const std::string passed = world.rank() == root ? text : "ignored";
      EXPECT_EQ(world.broadcast(passed, root), text);
    }
  }
}

TEST(Communicator, TrafficOfADuplicateIsSeparate) {
  const Communicator world(mpi_environment());
  const Communicator twin = world.duplicate();
  EXPECT_EQ(twin.rank(), world.rank());
  EXPECT_EQ(twin.size(), world.size());
  MpiChannel channel(world);
  MpiChannel twin_channel(twin);
  channel.send(world.rank(), {std::byte{1}});
  twin_channel.send(world.rank(), {std::byte{2}});
  EXPECT_EQ(twin_channel.receive(60.0)->bytes, Bytes{std::byte{2}});
  EXPECT_FALSE(twin_channel.receive(0.0).has_value());
  EXPECT_EQ(channel.receive(60.0)->bytes, Bytes{std::byte{1}});
}

TEST(Communicator, ErrorsOfMpiAreThrownWithItsText) {
  const Communicator world(mpi_environment());
  EXPECT_THROW((void)world.broadcast("text", world.size()), CommError);
}

}  // namespace
}  // namespace bbprompt
