#include <hdf5.h>

#include <string>

#include "bbprompt/store/run_files.hpp"

namespace bbprompt {

std::string hdf5_library() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "HDF5 of an unknown version";
#ifdef H5_HAVE_PARALLEL
  const char* kind = "parallel";
#else
  const char* kind = "serial";
#endif
  return "HDF5 " + std::to_string(major) + '.' + std::to_string(minor) + '.' +
         std::to_string(release) + ", " + kind;
}

}  // namespace bbprompt
