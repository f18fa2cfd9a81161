#pragma once

#include <optional>
#include <string>

#include "bbprompt/report/gnuplot.hpp"
#include "bbprompt/report/prompt_effects.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The results as one HTML page of UTF-8 that needs no other file: matrix and paired tests,
// search efficiency (against request.efficiency, or else the first method that searched), figures
// as inline SVG, best prompts with the effects of their parts (`effects`, of the trials shown that
// it has) and the shares of their positions, what was paid. Without gnuplot the page says so where
// figures would stand; a figure that cannot be drawn is a warning in the log and a message in its
// place. Equal results, and equal versions of gnuplot, give equal bytes. Throws UsageError like the
// tables.
[[nodiscard]] std::string to_html(const Results& results, const ReportRequest& request,
                                  const std::optional<Gnuplot>& gnuplot,
                                  const EffectsByTrial& effects = {});

}  // namespace bbprompt
