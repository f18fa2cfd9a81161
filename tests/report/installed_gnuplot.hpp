#pragma once

#include <cstdlib>
#include <optional>

#include "bbprompt/report/gnuplot.hpp"

namespace bbprompt::testing {

inline std::optional<Gnuplot> installed_gnuplot() {
  const char* path = std::getenv("PATH");
  return Gnuplot::find(path == nullptr ? "" : path);
}

}  // namespace bbprompt::testing
