#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/data_table.hpp"

// By rule, since LaTeX is not everywhere: each rule was tried with pdflatex and lualatex.
namespace bbprompt {
namespace {

using ::testing::HasSubstr;

TEST(LatexText, IsNoArgumentOfTheRowBefore) {
  EXPECT_EQ(latex_text("[3pt]soft"), "{[}3pt{]}soft");
  EXPECT_EQ(latex_text("*soft"), "{*}soft");
  DataTable table("caption");
  table.add_column("[title", Align::kLeft);
  table.add_row({{"[x]"}});
  const std::string text = to_latex(table);
  EXPECT_THAT(text, HasSubstr("\\toprule\n  {[}title \\\\\n\\midrule\n  {[}x{]} \\\\\n"));
}

TEST(LatexText, TakesCharactersFromFontsThatAllInstallationsHave) {
  EXPECT_EQ(latex_text("a\"b"), "a{\\ttfamily\\char34}b");
  EXPECT_EQ(latex_text("$1"), "{\\ttfamily\\char36}1");
  EXPECT_EQ(latex_text("\\{}&%#_^~|<>"),
            "\\textbackslash{}\\{\\}\\&\\%\\#\\_\\textasciicircum{}\\textasciitilde{}"
            "\\textbar{}\\textless{}{\\kern0pt}\\textgreater{}");
}

TEST(LatexText, KeepsCharactersThatFontsWouldPutTogether) {
  EXPECT_EQ(latex_text("``q''"), "`{\\kern0pt}`q'{\\kern0pt}'");
  EXPECT_EQ(latex_text("a--b-c"), "a-{\\kern0pt}-b-c");
  EXPECT_EQ(latex_text("!`?`"), "!{\\kern0pt}`?{\\kern0pt}`");
  EXPECT_EQ(latex_text(",,"), ",{\\kern0pt},");
}

TEST(LatexText, SpellsLettersWithAccentsInCommands) {
  EXPECT_EQ(latex_text("\xC3\xA9\xC3\x9F\xC3\x85\xC3\xAF\xC3\xA7\xC3\x98"),
            "\\'{e}\\ss{}\\r{A}\\\"{\\i}\\c{c}\\O{}");
  EXPECT_EQ(latex_text("\xC3\x80\xC3\xBF"), "\\`{A}\\\"{y}");
}

// No character beyond ASCII is left as it is; what has no command says its number.
TEST(LatexText, IsAsciiForEveryCharacter) {
  EXPECT_EQ(latex_text("\xE4\xB8\xAD"),
            "{\\ifx\\Umathchar\\undefined\\texttt{U+4E2D}\\else\\iffontchar\\font\"4E2D\\relax"
            "\\char\"4E2D\\relax\\else\\texttt{U+4E2D}\\fi\\fi}");
  EXPECT_THAT(latex_text("\xF0\x9F\x98\x80"), HasSubstr("\\char\"1F600\\relax"));
  EXPECT_THAT(latex_text("\xC2\x85"), HasSubstr("u0085"));
  std::string all;
  for (int lead = 0xC2; lead <= 0xDF; ++lead) {
    for (int next = 0x80; next <= 0xBF; ++next)
      all += {static_cast<char>(lead), static_cast<char>(next)};
  }
  for (const char character : latex_text(all + "\x1B\x07\xFF\n\t"))
    ASSERT_TRUE(character >= 0x20 && character < 0x7F) << static_cast<int>(character);
}

TEST(LatexTable, WritesOnlyNumbersWithAMinus) {
  DataTable table("caption");
  table.add_column("a", Align::kLeft);
  table.add_row({{"-5.0"}});
  table.add_row({{"--x"}});
  table.add_row({{"-"}});
  EXPECT_THAT(to_latex(table), HasSubstr("  $-$5.0 \\\\\n  -{\\kern0pt}-x \\\\\n  - \\\\\n"));
}

}  // namespace
}  // namespace bbprompt
