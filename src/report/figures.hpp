#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bbprompt/report/gnuplot.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Figures of one kind, to be drawn; `absent` says what would give them where there is none.
struct FigureGroup {
  std::string title;
  std::string about;  // what is drawn
  std::string absent;
  std::vector<GnuplotScript> figures;
};

// Per task: incumbent fitness, and dev metric, against search queries; a line per method.
[[nodiscard]] FigureGroup search_figures(const Results& results);

// Per axis of the sweep among those that matter for comparison, and per task: test metric against
// the axis; lines where its values are numbers, else grouped bars.
[[nodiscard]] std::vector<FigureGroup> setting_figures(const Results& results);

// Prompts learned on one task and tested on others: methods "from-SOURCE" whose prompts are texts.
[[nodiscard]] FigureGroup transfer_figures(const Results& results);

// Tasks of trials that are done, in their order.
[[nodiscard]] std::vector<std::string> tasks_of(const Results& results);

// Adds the name where the list does not have it yet.
void add_new(std::vector<std::string>& list, const std::string& name);

// Appearance of the i-th line or bar: "linecolor rgb '#...' dashtype N".
[[nodiscard]] std::string series_style(std::size_t i);

// A label with its middle left out where a legend, which gnuplot drops whole when it is too wide,
// has no place for all of it.
inline constexpr std::size_t kMaxLegendBytes = 44;
[[nodiscard]] std::string legend_text(const std::string& label);

// A number as gnuplot reads it, with every digit; NaN and infinities as "NaN".
[[nodiscard]] std::string data_number(double value);

// Commands that every figure with axes begins with: grid, border, legend below.
inline constexpr const char* kAxesStyle =
    "set border 3 linecolor rgb '#555555'\nset tics nomirror out scale 0.6\n"
    "set grid ytics linecolor rgb '#dddddd' linewidth 1 dashtype 1\n"
    "set key outside top center horizontal samplen 2.5 spacing 1.2\n";

}  // namespace bbprompt
