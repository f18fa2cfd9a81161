#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/figures.hpp"
#include "tests/report/comparison_run.hpp"
#include "tests/report/installed_gnuplot.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SearchFigures, MarkTheOnlyPointOfACurve) {
  Results results = testing::comparison_run();
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "cma") trial.generations.resize(1);
  }
  const FigureGroup group = search_figures(results);
  ASSERT_EQ(group.figures.size(), 4U);
  for (const GnuplotScript& figure : group.figures) {
    EXPECT_THAT(figure.commands, HasSubstr("'line1' using 1:2 with points pointtype 7"));
    EXPECT_THAT(figure.commands, HasSubstr("'line0' using 1:2 with steps"));
  }
}

// gnuplot draws a mark as a use of a symbol, or as a path: what stands for one and not for none.
TEST(SearchFigures, DrawSomethingForASinglePoint) {
  if (!testing::installed_gnuplot()) GTEST_SKIP() << "gnuplot is absent";
  Results results = testing::comparison_run();
  for (TrialRecord& trial : results.trials) trial.generations.resize(1);
  for (const GnuplotScript& figure : search_figures(results).figures) {
    const std::string drawn = testing::installed_gnuplot()->draw(figure);
    EXPECT_THAT(drawn, HasSubstr("gpPt6' transform='translate("));
    EXPECT_THAT(figure.commands, Not(HasSubstr("with steps")));
  }
}

}  // namespace
}  // namespace bbprompt
