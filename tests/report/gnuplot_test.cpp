#include "bbprompt/report/gnuplot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "bbprompt/base/error.hpp"
#include "tests/report/installed_gnuplot.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::installed_gnuplot;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TemporaryFolder;

// Sets TMPDIR while it lives, so that the test sees what is left behind.
class TemporaryTmpdir {
 public:
  explicit TemporaryTmpdir(const fs::path& folder) {
    if (const char* found = std::getenv("TMPDIR")) before_ = found;
    ::setenv("TMPDIR", folder.c_str(), 1);
  }
  TemporaryTmpdir(const TemporaryTmpdir&) = delete;
  TemporaryTmpdir& operator=(const TemporaryTmpdir&) = delete;
  ~TemporaryTmpdir() {
    before_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

GnuplotScript script_of(const std::string& commands) {
  return {.name = "sample", .size = {}, .commands = commands, .files = {{"data", "0 1\n1 2\n"}}};
}

void write_program(const fs::path& path, const std::string& text) {
  testing::write_text(path, text);
  fs::permissions(path, fs::perms::owner_all);
}

TEST(GnuplotString, StandsForTheTextAndNothingElse) {
  EXPECT_EQ(gnuplot_string("plain"), "'plain'");
  EXPECT_EQ(gnuplot_string("it's"), "'it\u2019s'");
  EXPECT_EQ(gnuplot_string("a\nb"), "'a\\nb'");
  EXPECT_EQ(gnuplot_string("'; system 'touch x"), "'\u2019; system \u2019touch x'");
}

TEST(Gnuplot, IsFoundInAbsoluteFoldersOnly) {
  const TemporaryFolder folder;
  EXPECT_FALSE(Gnuplot::find("").has_value());
  EXPECT_FALSE(Gnuplot::find(folder.path().string()).has_value());
  testing::write_text(folder / "gnuplot", "no program");
  EXPECT_FALSE(Gnuplot::find(folder.path().string()).has_value());
  write_program(folder / "gnuplot", "#!/bin/sh\n");
  EXPECT_TRUE(Gnuplot::find("/nonexistent::" + folder.path().string()).has_value());
  EXPECT_FALSE(Gnuplot::find(":.:relative").has_value());
}

TEST(Gnuplot, DrawsAnElementWithIdsOfItsOwnAndLeavesNothingBehind) {
  if (!installed_gnuplot()) GTEST_SKIP() << "gnuplot is absent";
  const TemporaryFolder folder;
  const TemporaryTmpdir tmpdir(folder.path());
  const std::string svg =
      installed_gnuplot()->draw(script_of("plot 'data' using 1:2 with linespoints title 'line'"));
  EXPECT_THAT(svg, StartsWith("<svg"));
  EXPECT_THAT(svg, EndsWith("</svg>"));
  EXPECT_THAT(svg, HasSubstr("id=\"sample-gnuplot_canvas\""));
  EXPECT_THAT(svg, Not(HasSubstr("href='#gp")));
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_EQ(svg, installed_gnuplot()->draw(
                     script_of("plot 'data' using 1:2 with linespoints title 'line'")));
}

TEST(Gnuplot, TakesHostileTextsAsTexts) {
  if (!installed_gnuplot()) GTEST_SKIP() << "gnuplot is absent";
  const TemporaryFolder folder;
  const TemporaryTmpdir tmpdir(folder.path());
  const std::string mark = (folder / "mark").string();
  const std::vector<std::string> texts{"`touch " + mark + "`", "'; system 'touch " + mark + "'; '",
                                       "\n!touch " + mark + "\n", "$(touch " + mark + ")",
                                       "@x {/Bold y} \\\\ %s"};
  for (const std::string& text : texts) {
    (void)installed_gnuplot()->draw(script_of("set title " + gnuplot_string(text) +
                                              "\nplot 'data' using 1:2 title " +
                                              gnuplot_string(text)));
    EXPECT_FALSE(fs::exists(mark)) << text;
  }
  const std::string svg = installed_gnuplot()->draw(script_of(
      "plot 'data' using 1:2 title " + gnuplot_string("<script>alert('1')</script>&amp;")));
  EXPECT_THAT(svg, HasSubstr("&lt;script"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
}

TEST(Gnuplot, SaysWhatWentWrongAndCleansUp) {
  const TemporaryFolder folder;
  const TemporaryFolder programs;
  const TemporaryTmpdir tmpdir(folder.path());
  const struct {
    std::string program;
    std::string message;
  } cases[] = {
      {"#!/bin/sh\necho line 3: what >&2\nexit 1\n", "it said: line 3: what"},
      {"#!/bin/sh\nexit 0\n", "found none; it said: "},
      {"#!/bin/sh\nkill -9 $$\n", "expected figure \"sample\", found none"},
      {"#!/bin/sh\necho '<svg>' > figure.svg\n", "expected a whole figure"},
  };
  for (const auto& expected : cases) {
    write_program(programs / "gnuplot", expected.program);
    try {
      (void)Gnuplot::find(programs.path().string())->draw(script_of(""));
      ADD_FAILURE() << expected.program << " drew a figure";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(expected.message)) << expected.program;
    }
    EXPECT_TRUE(fs::is_empty(folder.path())) << expected.program;
  }
}

}  // namespace
}  // namespace bbprompt
