#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "bbprompt/base/utf8.hpp"
#include "report/data_table.hpp"

// LaTeX that compiles with pdflatex and lualatex with no package for characters, and that shows
// every character of the text:
//
// - What is special to TeX has its command. Brackets and stars stand in braces, since a row's end
//   takes them for its arguments; so do quotation marks, which not every encoding has a command
//   for.
// - Between characters that fonts put together ("--" to a dash, "``" to a quotation mark) stands a
//   kern of no width. Empty braces would do for pdflatex, but not for lualatex.
// - Signs come from the fonts of mathematics, and the dollar from the typewriter font: those of
//   text companions, which the usual commands take, are absent from small installations.
// - Letters with accents are made of commands that both know. Any other character beyond ASCII
//   prints its number with pdflatex, and with a font of lualatex that lacks it. A macro of our own
//   would not be known yet where a list of tables is read, so all of it stands there each time.
namespace bbprompt {
namespace {

struct Command {
  std::string_view character;
  std::string_view latex;
};

constexpr std::array<Command, 16> kAscii{{{"\\", "\\textbackslash{}"},
                                          {"{", "\\{"},
                                          {"}", "\\}"},
                                          {"$", "{\\ttfamily\\char36}"},
                                          {"&", "\\&"},
                                          {"%", "\\%"},
                                          {"#", "\\#"},
                                          {"_", "\\_"},
                                          {"^", "\\textasciicircum{}"},
                                          {"~", "\\textasciitilde{}"},
                                          {"<", "\\textless{}"},
                                          {">", "\\textgreater{}"},
                                          {"|", "\\textbar{}"},
                                          {"\"", "{\\ttfamily\\char34}"},
                                          {"[", "{[}"},
                                          {"]", "{]}"}}};

constexpr std::array<Command, 29> kSigns{{{"*", "{*}"},
                                          {"\xC2\xA1", "\\textexclamdown{}"},
                                          {"\xC2\xA7", "$\\mathsection$"},
                                          {"\xC2\xAC", "$\\neg$"},
                                          {"\xC2\xB0", "$^{\\circ}$"},
                                          {"\xC2\xB1", "$\\pm$"},
                                          {"\xC2\xB5", "$\\mu$"},
                                          {"\xC2\xB6", "$\\mathparagraph$"},
                                          {"\xC2\xB7", "$\\cdot$"},
                                          {"\xC2\xBF", "\\textquestiondown{}"},
                                          {"\xC3\x97", "$\\times$"},
                                          {"\xC3\xB7", "$\\div$"},
                                          {"\xC4\xB1", "{\\i}"},
                                          {"\xC5\x81", "\\L{}"},
                                          {"\xC5\x82", "\\l{}"},
                                          {"\xC5\x92", "\\OE{}"},
                                          {"\xC5\x93", "\\oe{}"},
                                          {"\xE2\x80\x93", "\\textendash{}"},
                                          {"\xE2\x80\x94", "\\textemdash{}"},
                                          {"\xE2\x80\x98", "\\textquoteleft{}"},
                                          {"\xE2\x80\x99", "\\textquoteright{}"},
                                          {"\xE2\x80\x9C", "\\textquotedblleft{}"},
                                          {"\xE2\x80\x9D", "\\textquotedblright{}"},
                                          {"\xE2\x80\xA2", "$\\bullet$"},
                                          {"\xE2\x80\xA6", "\\dots{}"},
                                          {"\xE2\x88\x92", "$-$"},
                                          {"\xE2\x88\x9A", "$\\surd$"},
                                          {"\xE2\x88\x9E", "$\\infty$"},
                                          {"\xE2\x89\xA4", "$\\leq$"}}};

// U+00C0 to U+00FF: accent and letter, two blanks where there is no command that all encodings
// have.
constexpr std::string_view kLatin =
    "`A'A^A~A\"ArAAEcC`E'E^E\"E`I'I^I\"I  ~N`O'O^O~O\"O  O/`U'U^U\"U'Y  ss"
    "`a'a^a~a\"araaecc`e'e^e\"e`i'i^i\"i  ~n`o'o^o~o\"o  o/`u'u^u\"u'y  \"y";

// Characters after which fonts look for a partner, and the partners.
constexpr std::string_view kJoining = "-`',!?<>";
constexpr std::string_view kJoined = "-`',<>";

std::string latin_letter(std::string_view pair) {
  if (pair == "  ") return "";
  if (pair == "AE" || pair == "ae" || pair == "ss") return "\\" + std::string(pair) + "{}";
  if (pair[1] == '/') return "\\" + std::string(1, pair[0]) + "{}";
  const std::string letter = pair[1] == 'i' ? "\\i" : std::string(1, pair[1]);
  return "\\" + std::string(1, pair[0]) + "{" + letter + "}";
}

std::uint32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  std::uint32_t code = lead & (0x7FU >> character.size());
  for (const char byte : character.substr(1))
    code = code << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  return code;
}

// TeX engines whose characters have two bytes or more know \Umathchar.
std::string by_number(std::uint32_t code) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string number;
  for (unsigned shift = 24; shift > 0;) {
    shift -= 4;
    if (code >> shift != 0 || shift < 16) number += kDigits[code >> shift & 15U];
  }
  const std::string shown = "\\texttt{U+" + number + "}";
  return "{\\ifx\\Umathchar\\undefined" + shown + "\\else\\iffontchar\\font\"" + number +
         "\\relax\\char\"" + number + "\\relax\\else" + shown + "\\fi\\fi}";
}

std::string character_text(std::string_view character) {
  for (const auto& [known, latex] : kAscii) {
    if (known == character) return std::string(latex);
  }
  for (const auto& [known, latex] : kSigns) {
    if (known == character) return std::string(latex);
  }
  const std::uint32_t code = code_point(character);
  if (code < 0x80) return std::string(character);
  if (code >= 0xC0 && code <= 0xFF) {
    const std::string letter = latin_letter(kLatin.substr(2 * (code - 0xC0), 2));
    if (!letter.empty()) return letter;
  }
  return by_number(code);
}

}  // namespace

std::string latex_text(std::string_view text) {
  const std::string source = printable(text, std::numeric_limits<std::size_t>::max() / 2);
  std::string result;
  for (std::size_t at = 0; at < source.size();) {
    std::size_t end = at + 1;
    while (end < source.size() && (static_cast<unsigned char>(source[end]) & 0xC0U) == 0x80U) ++end;
    result += character_text(std::string_view(source).substr(at, end - at));
    if (end < source.size() && kJoining.find(source[at]) != kJoining.npos &&
        kJoined.find(source[end]) != kJoined.npos)
      result += "{\\kern0pt}";
    at = end;
  }
  return result;
}

}  // namespace bbprompt
