#include "bbprompt/base/source_place.hpp"

#include <algorithm>

namespace bbprompt {

ConfigLocation KeyPlaces::find(std::string_view key) const {
  ConfigLocation location{.file = {}, .key = std::string(key)};
  for (std::string_view part = key;;) {
    const auto found = std::find_if(places_.begin(), places_.end(),
                                    [&](const auto& place) { return place.first == part; });
    if (found != places_.end()) {
      const SourcePlace& place = found->second;
      location.file = place.file ? *place.file : "";
      location.line = place.line;
      location.column = place.column;
      return location;
    }
    const auto dot = part.rfind('.');
    if (dot == std::string_view::npos) return location;
    part = part.substr(0, dot);
  }
}

}  // namespace bbprompt
