#include "bbprompt/report/html_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>

#include "bbprompt/base/error.hpp"
#include "bbprompt/report/prompt_effects.hpp"
#include "tests/report/installed_gnuplot.hpp"
#include "tests/report/page_run.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::installed_gnuplot;
using ::testing::Not;
using testing::page_run;
using testing::TemporaryFolder;

// The number of figures that check_page.py finds, or what it has against the page.
std::string checked(const std::string& page) {
  const TemporaryFolder folder;
  testing::write_text(folder / "page.html", page);
  return testing::run_tool({BBPROMPT_PYTHON,
                            (testing::source_folder() / "tests/report/check_page.py").string(),
                            folder / "page.html"})
      .output;
}

TEST(HtmlPage, StandsAloneWithAllItsFigures) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  if (!installed_gnuplot()) GTEST_SKIP() << "gnuplot is absent";
  const std::string page = to_html(page_run(), {}, installed_gnuplot());
  // Two tasks: loss and dev curves, prompt length, objective; and one transfer.
  EXPECT_EQ(checked(page), "9\n");
  EXPECT_EQ(page, to_html(page_run(), {}, installed_gnuplot()));
}

TEST(HtmlPage, HasTablesPromptsSharesAndWhatWasPaid) {
  const std::string page = to_html(testing::comparison_run(), {}, std::nullopt);
  EXPECT_THAT(page, HasSubstr("<td class=\"number best\"><bdi>72.00 ± 2.65</bdi></td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\"><bdi>+10.00</bdi></td>"));
  EXPECT_THAT(page, HasSubstr("until the training loss of policy"));
  EXPECT_THAT(page, HasSubstr("<pre><bdi>prompt of seed 1</bdi></pre>"));
  const std::string whole = to_html(page_run(), {}, std::nullopt);
  EXPECT_THAT(whole,
              HasSubstr("<code><bdi> movie</bdi></code> <span class=\"share\">90.0 %</span>"));
  EXPECT_THAT(whole, HasSubstr("<bdi>policy</bdi></td><td class=\"number\"><bdi>36</bdi></td><td>"
                               "<bdi>test</bdi></td><td class=\"number\"><bdi>36</bdi></td>"
                               "<td class=\"number\"><bdi>1800</bdi></td><td class=\"number\"><bdi>"
                               "180</bdi></td><td class=\"number\"><bdi>25200</bdi></td>"));
}

TEST(HtmlPage, SaysWhereFiguresAndTheirDataAreAbsent) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  const std::string page = to_html(testing::comparison_run(), {}, Gnuplot::find(""));
  EXPECT_EQ(checked(page), "0\n");
  EXPECT_THAT(page, HasSubstr("Install it (Debian: gnuplot-nox"));
  EXPECT_THAT(page, HasSubstr("not drawn: gnuplot is not in the PATH"));
  EXPECT_THAT(page, HasSubstr("no finished trials differ in prompt.length; "
                              "configs/analyses/prompt_lengths.yaml gives them"));
  EXPECT_THAT(page, HasSubstr("configs/analyses/transfer.yaml gives them"));
}

TEST(HtmlPage, NamesAnalysesThatExist) {
  const auto folder = testing::source_folder() / "configs/analyses";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const std::string page = to_html(testing::comparison_run(), {}, std::nullopt);
  const std::regex named("configs/analyses/[a-z_.]+");
  for (auto found = std::sregex_iterator(page.begin(), page.end(), named);
       found != std::sregex_iterator(); ++found) {
    EXPECT_TRUE(std::filesystem::exists(testing::source_folder() / found->str())) << found->str();
  }
}

TEST(HtmlPage, IsAPageForNoTrialsToo) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  EXPECT_EQ(checked(to_html({}, {}, installed_gnuplot())), "0\n");
  Results failed = testing::sample_run();
  for (TrialRecord& trial : failed.trials) trial.state = TrialState::kFailed;
  EXPECT_EQ(checked(to_html(failed, {}, installed_gnuplot())), "0\n");
}

TEST(HtmlPage, TakesHostileTextsAsTexts) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  const std::string hostile =
      "</bdi></pre><script src=\"https://example.org/x\">alert(1)</script><img src=x onerror='y'>"
      "'; system 'false' `false` \x1B[2J\xFF & &lt; \xE2\x80\xAE";
  Results results = page_run();
  results.run.name = hostile;
  results.run.version = hostile;
  for (TrialRecord& trial : results.trials) {
    trial.id += hostile;
    trial.task += hostile;
    trial.method += hostile;
    trial.metric += hostile;
    trial.objective += hostile;
    trial.best.prompt.text = hostile;
    trial.best.prompt.tokens = {hostile, hostile};
    for (std::string& text : trial.option_texts) text = hostile;
    if (!trial.settings.empty()) trial.settings[1] += hostile;
  }
  const std::string page = to_html(results, {}, installed_gnuplot());
  const std::string found = checked(page);
  EXPECT_EQ(found.find_first_not_of("0123456789\n"), std::string::npos) << found;
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\x1B")));
}

// Of 4 "no" 3 were answered "no", of 2 "yes" all were "yes"; two seeds.
TEST(HtmlPage, ShowsWhichLabelWasTakenForWhich) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  Results results = testing::comparison_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) {
    return trial.task == "rte" || trial.method == "cma" || trial.seed > 2;
  });
  for (TrialRecord& trial : results.trials) {
    trial.labels = {"no", "<yes>"};
    trial.gold["test"] = {0, 0, 1, 0, 1, 0};
    trial.best.splits["test"].predicted = {0, 1, 1, 0, 1, 0};
  }
  const std::string page = to_html(results, {}, std::nullopt);
  EXPECT_EQ(checked(page), "0\n");
  EXPECT_THAT(page, HasSubstr("sum over 2 seeds"));
  EXPECT_THAT(page, HasSubstr("<td><bdi>no</bdi></td><td class=\"number best\"><bdi>6</bdi></td>"
                              "<td class=\"number\"><bdi>2</bdi></td><td class=\"number\"><bdi>8"
                              "</bdi></td><td class=\"number\"><bdi>75.0 %</bdi></td>"));
  EXPECT_THAT(page, HasSubstr("<td><bdi>&lt;yes&gt;</bdi></td><td class=\"number\"><bdi>0</bdi>"
                              "</td><td class=\"number best\"><bdi>4</bdi></td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\"><bdi>83.3 %</bdi></td></tr>"));
  EXPECT_THAT(to_html(testing::comparison_run(), {}, std::nullopt),
              HasSubstr("no finished trial holds predictions"));
  // What does not fit the labels is left out.
  for (TrialRecord& trial : results.trials) trial.best.splits["test"].predicted[0] = 7;
  EXPECT_THAT(to_html(results, {}, std::nullopt), HasSubstr("holds predictions"));
}

TEST(HtmlPage, ShowsTokensAsPeopleReadThem) {
  Results results = page_run();
  for (TrialRecord& trial : results.trials) trial.best.prompt.text = " greatmovie";
  const std::string page = to_html(results, {}, std::nullopt);
  EXPECT_THAT(page, HasSubstr("<code><bdi>great</bdi></code><code><bdi>movie</bdi></code>"));
  EXPECT_THAT(page, Not(HasSubstr("\xC4\xA0great")));
}

TEST(HtmlPage, RefusesUnknownMethods) {
  EXPECT_THROW((void)to_html(page_run(), {.baseline = "x", .efficiency = ""}, {}), UsageError);
  EXPECT_THROW((void)to_html(page_run(), {.baseline = "", .efficiency = "x"}, {}), UsageError);
}

// The effects by trial of a file of this text.
EffectsByTrial effects_in(const std::string& text) {
  const TemporaryFolder folder;
  testing::write_text(folder / "explanations.json", text);
  EffectsByTrial effects;
  read_effects(folder / "explanations.json", effects);
  return effects;
}

TEST(HtmlPage, ShowsTheEffectsOfPartsBesideTheirPrompt) {
  const Results results = page_run();
  const std::string id = results.trials.front().id;
  const auto effects = effects_in(
      R"({"explanations": [{"trial": ")" + id +
      R"(", "split": "dev", "metric": "accuracy", "whole": {"loss": 0.5, "metric": 0.75}, "parts": [
         {"text": "<b>", "left_out": {"loss": 0.6, "loss_change": 0.1, "metric_change": -0.25}},
         {"text": "x", "left_out": {"loss": 0.45, "loss_change": -0.05, "metric_change": 0.125}},
         {"text": "y", "left_out": {"loss": null, "loss_change": null, "metric_change": null}}]}]})");
  const std::string page = to_html(results, {}, std::nullopt, effects);
  EXPECT_THAT(page,
              HasSubstr("<code><bdi>&lt;b&gt;</bdi></code></td><td class=\"number\">+0.1000</td>"
                        "<td><span class=\"bar helps\" style=\"width: 10.00em\"></span></td>"
                        "<td class=\"number\">-25.00</td>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"bar harms\" style=\"width: 5.00em\">"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">-</td><td></td><td class=\"number\">-</td>"));
  EXPECT_THAT(page, Not(HasSubstr("bbprompt explain RUN --save")));
  EXPECT_THAT(to_html(results, {}, std::nullopt), HasSubstr("bbprompt explain RUN --save"));
}

TEST(PromptEffects, RefusesWhatIsNoExplanationNamingTheFile) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"explanations": [{}]})", R"({"explanations": {"trial": 1}})",
        R"({"explanations": [{"trial": "a", "split": "dev", "metric": "m", "whole": {"loss": "x"},
            "parts": []}]})",
        R"({"explanations": [{"trial": "a", "split": "dev", "metric": "m", "whole": {"loss": 1},
            "parts": [{"text": 1}]}]})"}) {
    try {
      (void)effects_in(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), HasSubstr("explanations.json")) << text;
    }
  }
}

}  // namespace
}  // namespace bbprompt
