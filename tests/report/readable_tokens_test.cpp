#include "report/readable_tokens.hpp"

#include <gtest/gtest.h>

namespace bbprompt {
namespace {

// Words in brackets, each token in a pair of its own: "[great][ly] [movie]".
std::string shown(const std::string& text, const std::vector<std::string>& tokens) {
  PromptRecord prompt;
  prompt.text = text;
  prompt.tokens = tokens;
  std::string result;
  for (const ReadableToken& token : readable_tokens(prompt)) {
    if (token.begins_a_word && !result.empty()) result += ' ';
    result += "[" + token.text + "]";
  }
  return result;
}

TEST(ReadableTokens, ReadTheBytesOfByteLevelBpe) {
  EXPECT_EQ(shown(" great movie", {"\xC4\xA0great", "\xC4\xA0movie"}), "[great] [movie]");
  EXPECT_EQ(shown("greatly movie", {"great", "ly", "\xC4\xA0movie"}), "[great][ly] [movie]");
  // U+00E9 is two bytes, here spelled U+00C3 U+00A9; a line feed is U+010A.
  EXPECT_EQ(shown(" caf\xC3\xA9\n", {"\xC4\xA0"
                                     "caf",
                                     "\xC3\x83\xC2\xA9", "\xC4\x8A"}),
            "[caf][\xC3\xA9][\n]");
  EXPECT_EQ(shown(" ", {"\xC4\xA0"}), "[ ]");
}

TEST(ReadableTokens, JoinWordPieces) {
  EXPECT_EQ(shown("playing game", {"play", "##ing", "game"}), "[play][ing] [game]");
  EXPECT_EQ(shown("play game", {"play", "game"}), "[play] [game]");
  EXPECT_EQ(shown("caf\xC3\xA9", {"caf\xC3\xA9"}), "[caf\xC3\xA9]");
}

TEST(ReadableTokens, ReadTheBlanksOfSentencePiece) {
  EXPECT_EQ(shown("great movie", {"\xE2\x96\x81great", "\xE2\x96\x81movie"}), "[great] [movie]");
}

TEST(ReadableTokens, StayAsTheyAreWhereNoSpellingGivesTheText) {
  EXPECT_EQ(shown("something else", {"\xC4\xA0great", "##x"}), "[\xC4\xA0great] [##x]");
  EXPECT_EQ(shown("", {}), "");
}

}  // namespace
}  // namespace bbprompt
