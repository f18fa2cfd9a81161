#include "report/number_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bbprompt {

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::vector<std::string> figure_cells(const std::vector<MeanDeviation>& figures,
                                      const char* format) {
  std::vector<std::string> deviations;
  std::size_t width = 0;
  for (const MeanDeviation& figure : figures) {
    deviations.push_back(figure.deviation ? formatted("%.2f", 100.0 * *figure.deviation) : "");
    width = std::max(width, deviations.back().size());
  }
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::string cell = figures[i].num_values > 0 ? formatted(format, 100.0 * figures[i].mean) : "-";
    const std::string blanks(width - deviations[i].size(), ' ');
    if (figures[i].deviation) {
      cell += " \xC2\xB1 " + blanks + deviations[i];
    } else if (width > 0) {
      cell += "   " + blanks;
    }
    cells.push_back(cell);
  }
  return cells;
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "-";
  return *p < 0.0001 ? "< 0.0001" : formatted("%.4f", *p);
}

std::string number_text(const char* format, double value) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return "\xE2\x88\x9E";
  return formatted(format, value);
}

}  // namespace bbprompt
