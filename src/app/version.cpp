#include "app/version.hpp"

#include "bbprompt/comm/mpi_environment.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {

std::string version_text() {
  const std::string commit = BBPROMPT_COMMIT;
  return std::string("bbprompt ") + BBPROMPT_VERSION +
         (commit.empty() ? "" : ", commit " + commit) + "\nbuilt by " + BBPROMPT_BUILD +
         "\noptions " + BBPROMPT_OPTIONS + '\n' + mpi_library() + '\n' + hdf5_library() + '\n';
}

}  // namespace bbprompt
