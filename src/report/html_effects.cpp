#include "report/html_effects.hpp"

#include <algorithm>
#include <cmath>

#include "report/data_table.hpp"
#include "report/number_text.hpp"

namespace bbprompt {
namespace {

constexpr double kLongestBar = 10.0;  // em

double largest_change(const PromptEffects& effects) {
  double largest = 0.0;
  for (const PartEffect& part : effects.parts) {
    if (std::isfinite(part.loss_change)) largest = std::max(largest, std::abs(part.loss_change));
  }
  return largest;
}

std::string bar(double change, double largest) {
  if (!std::isfinite(change) || largest == 0.0) return "";
  return std::string("<span class=\"bar ") + (change > 0.0 ? "helps" : "harms") +
         "\" style=\"width: " + formatted("%.2f", kLongestBar * std::abs(change) / largest) +
         "em\"></span>";
}

}  // namespace

std::string effects_html(const PromptEffects& effects) {
  if (effects.parts.empty()) return "";
  const double largest = largest_change(effects);
  std::string html =
      "<p class=\"note\">the change when a part is left out, on " + html_text(effects.split) +
      ": loss above 0 (blue) means that the part helps; loss of the whole " +
      number_text("%.4f", effects.loss) +
      "</p>\n<div class=\"scroll\"><table class=\"effects\">\n<thead><tr><th>part</th>"
      "<th class=\"number\">loss</th><th></th><th class=\"number\">" +
      html_text(effects.metric) + "</th></tr></thead>\n<tbody>\n";
  for (const PartEffect& part : effects.parts) {
    html += "<tr><td><code><bdi>" + html_text(part.text) +
            "</bdi></code></td><td class=\"number\">" + number_text("%+.4f", part.loss_change) +
            "</td><td>" + bar(part.loss_change, largest) + "</td><td class=\"number\">" +
            number_text("%+.2f", 100.0 * part.metric_change) + "</td></tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace bbprompt
