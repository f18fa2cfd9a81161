#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_node.hpp"

namespace bbprompt {
namespace {

std::string yaml_error(const std::string& text) {
  try {
    (void)parse_yaml(text, "f");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// Kinds, keys and texts in order, whatever was quoted.
std::string texts_of(const ConfigNode& node) {
  std::string all = std::to_string(static_cast<int>(node.kind)) + '<' + node.text;
  for (const ConfigNode& item : node.items) all += texts_of(item);
  for (const ConfigEntry& entry : node.entries) all += entry.key + '=' + texts_of(entry.value);
  return all + '>';
}

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ParseYaml, KeepsOrderTextAndQuoting) {
  const ConfigNode root = parse_yaml("b: no\na: '5'\nc: [x, {d: 010}]\ne: ~\n", "f");
  ASSERT_EQ(root.entries.size(), 4U);
  EXPECT_EQ(root.entries[0].key, "b");
  EXPECT_EQ(root.entries[0].value.text, "no");
  EXPECT_FALSE(root.entries[0].value.is_text);
  EXPECT_EQ(root.entries[1].value.text, "5");
  EXPECT_TRUE(root.entries[1].value.is_text);
  EXPECT_EQ(root.entries[2].value.items[1].find("d")->text, "010");
  EXPECT_TRUE(root.entries[3].value.is_null());
  EXPECT_EQ(root.find("z"), nullptr);
}

TEST(ParseYaml, PositionsCountCharactersAndLinesFromOne) {
  for (const std::string start : {"", "\xef\xbb\xbf"}) {
    const ConfigNode root = parse_yaml(
        start + "\xc3\xa9: 1\r\n\xe2\x82\xac\xf0\x9f\x98\x80: {k: \xc3\xbc, m: 2}\n", "f");
    EXPECT_EQ(root.entries[0].value.position.line, 1);
    EXPECT_EQ(root.entries[0].value.position.column, 4);
    const auto& inner = root.entries[1].value;
    EXPECT_EQ(inner.entries[1].position.line, 2);
    EXPECT_EQ(inner.entries[1].position.column, 12);
    EXPECT_EQ(inner.entries[1].value.position.column, 15);
  }
}

TEST(ParseYaml, AliasesRepeatTheirAnchor) {
  const ConfigNode root = parse_yaml("a: &x [1, 2]\nb: *x\n", "f");
  EXPECT_EQ(write_flow_yaml(*root.find("b")), "[1, 2]");
}

TEST(ParseYaml, RefusesWhatAConfigurationNeverHolds) {
  const std::pair<std::string, std::string> cases[] = {
      {"a: 1\nb:\t2\n",
       R"(f:2:3: expected plain text, found a tab; use blanks, or "\t" in quoted text)"},
      {std::string("a: \0", 4), "f:1:4: expected plain text, found a control character U+0000"},
      {"a: \x04 b", "f:1:4: expected plain text, found a control character U+0004"},
      {"a: b\rc: d", "f:1:5: expected plain text, found a control character U+000D"},
      {"a: \xe2\x80\xa8", "f:1:4: expected plain text, found a control character U+2028"},
      {R"(a: "\0")", "f:1:4: expected plain text, found a control character U+0000"},
      {R"(a: "\e[31m")", "f:1:4: expected plain text, found a control character U+001B"},
      {"a: 1\n\xc3\xa9\xff", "f:2:2: expected UTF-8 text, found an invalid byte"},
      {"a: 1\n---\nb: 2\n", "f:2:1: expected one YAML document"},
      {"a: 1\na: 2\n", "f:2:1: a: key is written twice in one mapping"},
      {"a: {\"b\": 1, b: 2}", "f:1:13: b: key is written twice in one mapping"},
      {"[a]: 1", "f:1:1: expected text as a key, found a list or mapping"},
      {"? {a: 1}\n: 1", "f:1:3: expected text as a key, found a list or mapping"},
      {"~: 1", "f:1:1: expected text as a key, found nothing (null)"},
      {": 1", "f:1:1: expected text as a key, found nothing (null)"},
      {"a: !!int 5", "f:1:4: expected no YAML tag, found \"tag:yaml.org,2002:int\""},
      {"a: !mine {}", "f:1:4: expected no YAML tag, found \"!mine\""},
      {"a: &x [1, *x]", "f:1:11: an alias refers to the value that contains it"},
      {"a: *x", "f:1:4: not well-formed YAML: the referenced anchor is not defined"},
      {"a: [1, 2", "f:1:9: not well-formed YAML: end of sequence flow not found"},
      {"a: \"x", "f:1:6: not well-formed YAML: illegal EOF in scalar"},
  };
  for (const auto& [text, error] : cases)
    EXPECT_EQ(yaml_error(text).substr(0, error.size()), error);
}

TEST(ParseYaml, SaysWhatIsForgottenMostOften) {
  const auto first_line_of = [](const std::string& text, int first_line) {
    try {
      (void)parse_yaml(text, "f", first_line);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(first_line_of("a: 1\ntemplate: {prompt} {text_a} It was {mask}.\n", 1),
              ::testing::EndsWith(
                  "; text that begins with { goes in quotes: \"{prompt} {text_a} It was {m...\""));
  EXPECT_THAT(first_line_of("{prompt} {text_a}", 0),
              ::testing::EndsWith("goes in quotes: \"{prompt} {text_a}\", inside the quotes of the "
                                  "shell"));
  EXPECT_THAT(first_line_of("[1, 2", 0), ::testing::HasSubstr("the list is not closed"));
  EXPECT_THAT(first_line_of("{a: 1", 0), ::testing::HasSubstr("the mapping is not closed"));
  EXPECT_THAT(first_line_of("a: [1, \"]\"\n", 1), ::testing::HasSubstr("the list is not closed"));
}

TEST(ParseYaml, BoundsNesting) {
  EXPECT_EQ(yaml_error(repeated("[", 32) + repeated("]", 32)), "");
  EXPECT_EQ(yaml_error(repeated("[", 33) + repeated("]", 33)),
            "f:1:33: lists and mappings are nested deeper than 32 levels");
  for (const char* opening :
       {"[", "{", "- ", "? ", "[a: ", "{a: ", "{? ", "a: [", "[[", "!x [", "&a [", ": "}) {
    EXPECT_NE(yaml_error(repeated(opening, 100000)), "") << opening;
  }
}

TEST(ParseYaml, BoundsAliasExpansion) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before +
            repeated(", " + before, 9) + "]\n";
  }
  EXPECT_NE(yaml_error(bomb).find("the document is too large once its aliases are expanded"),
            std::string::npos);
}

TEST(WriteYaml, WritesWhatWasNotQuotedSoThatItReadsAsTheSame) {
  for (const char* text : {"a: c\n\n  d\n", "a: {1: [\"c\\n$ d\"]}\n", "a: x: y\n", "a: b #c\n",
                           "a: '- b'\nc: 1e-3\nd: ~\ne: -1\nf: +.5\ng: 12:30\nh: a, b\n",
                           "a: [b\n\n  c, \"\\u0001\"]\n"}) {
    std::optional<ConfigNode> once;
    try {
      once = parse_yaml(text, "f");
    } catch (const ConfigError&) {
      continue;  // not a document at all
    }
    const std::string written = write_yaml(*once);
    const ConfigNode again = parse_yaml(written, "f");
    EXPECT_EQ(write_yaml(again), written) << text;
    EXPECT_EQ(texts_of(again), texts_of(*once)) << text << written;
  }
}

TEST(WriteYaml, ReadsBackTheSame) {
  const std::string text =
      "a: word\nb:\n  - c: 1\n    d:\n      e: \"two words\"\n  - [1, 2]\n  - x\nf: {}\ng: []\n"
      "h: \"no\"\n\"10\": \"a\\\"\\\\\\n\\t\"\n";
  EXPECT_EQ(write_yaml(parse_yaml(text, "f")), text);
}

}  // namespace
}  // namespace bbprompt
