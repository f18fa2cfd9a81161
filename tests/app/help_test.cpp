#include "app/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/program_options/parsers.hpp>
#include <sstream>

namespace bbprompt {
namespace {

namespace po = boost::program_options;
using ::testing::HasSubstr;

CommandOptions sample_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt sing",
      .usage = "bbprompt sing SONG.txt [--loudness X] [--voices N] [--quiet] [--out F]",
      .about =
          "Sings a song from beginning to end, with as many voices as it is told "
          "to.\nStops at the end.",
      .example = "  bbprompt sing song.txt --loudness 0.5 --voices 3 --out a_long_name\n"};
  options.named.add_options()("loudness", real_value(0.2)->value_name("X"),
                              "how loud it is, from 0 to 1; raise it in a large room, lower it at "
                              "night");
  options.named.add_options()("voices", po::value<int>()->value_name("N"), "number of voices");
  options.named.add_options()("quiet", "sing nothing");
  options.hidden.add_options()("song", po::value<std::string>()->required(),
                               "a song: bbprompt sing SONG.txt");
  options.positional.add("song", 1);
  return options;
}

TEST(HelpText, IsWrappedToTheWidthAndShowsDefaultsAsPeopleWriteThem) {
  for (const std::size_t width : {50U, 80U}) {
    const std::string text = help_text(sample_options(), width);
    std::istringstream lines(text.substr(0, text.find("Example:")));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), width) << line;
    EXPECT_THAT(text, HasSubstr("(default: 0.2)"));
    EXPECT_THAT(text, HasSubstr("  --voices N    number of voices\n"));
    EXPECT_THAT(text, HasSubstr("--loudness 0.5 --voices 3 --out a_long_name\n"));
  }
}

std::string complaint(const std::vector<std::string>& arguments) {
  const CommandOptions options = sample_options();
  po::options_description all;
  all.add(options.named).add(options.hidden);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(options.positional).run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    return describe_usage(error, options);
  }
  return "";
}

TEST(DescribeUsage, SaysWhatWasExpectedInWordsOfTheHelp) {
  EXPECT_EQ(complaint({}), "expected a song: bbprompt sing SONG.txt, found nothing");
  EXPECT_EQ(complaint({"a.txt", "b.txt"}),
            "expected a song: bbprompt sing SONG.txt, found more than that");
  EXPECT_EQ(complaint({"a.txt", "--loudnes=1"}),
            "");  // boost takes an unambiguous beginning of a name
  EXPECT_EQ(complaint({"a.txt", "--voicse", "3"}),
            "unknown option --voicse (did you mean \"--voices\"?)");
  EXPECT_EQ(complaint({"a.txt", "--voices", "many"}),
            "--voices: expected a whole number, found \"many\"");
  EXPECT_EQ(complaint({"a.txt", "--loudness", "high"}),
            "--loudness: expected a number such as 0.5, found \"high\"");
  EXPECT_EQ(complaint({"a.txt", "--voices"}), "--voices: expected N after it, found nothing");
  EXPECT_EQ(complaint({"a.txt", "--voices", "1", "--voices", "2"}),
            "--voices: expected once, found twice");
}

}  // namespace
}  // namespace bbprompt
