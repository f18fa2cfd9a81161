#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bbprompt/report/summary.hpp"

namespace bbprompt {

// printf of one number.
[[nodiscard]] std::string formatted(const char* format, double value);

// "mean ± deviation" times 100, the signs of a column one below another; "-" where there is none.
[[nodiscard]] std::vector<std::string> figure_cells(const std::vector<MeanDeviation>& figures,
                                                    const char* format = "%.2f");

// "-" for nothing, "< 0.0001" for what four digits do not show.
[[nodiscard]] std::string p_text(const std::optional<double>& p);

// "-" for NaN, "∞", else the format.
[[nodiscard]] std::string number_text(const char* format, double value);

}  // namespace bbprompt
