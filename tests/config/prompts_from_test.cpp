#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "tests/config/config_samples.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_config_with;

ConfigDocument document_of(const std::string& lines) {
  return parse_config(small_config_with(lines), "folder", "c.yaml");
}

std::string error_with(const std::string& lines) {
  try {
    const ConfigDocument document = document_of(lines);
    (void)parse_experiment(document.root);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(PromptsFrom, IsNoneByDefault) {
  EXPECT_TRUE(parse_sweep(document_of("")).prompts_from.run.empty());
  EXPECT_THAT(resolved_yaml(document_of("")), Not(HasSubstr("prompts_from")));
}

TEST(PromptsFrom, TheRunIsRelativeToTheConfigurationAndOneMethodIsEnough) {
  const auto source =
      parse_sweep(document_of("sweep: {prompts_from: {run: ../out/x, methods: [discrete]}}\n"))
          .prompts_from;
  EXPECT_EQ(source.run, "folder/../out/x");
  EXPECT_THAT(source.methods, ElementsAre("discrete"));
  EXPECT_EQ(source.per, "task");
}

TEST(PromptsFrom, StandsInTheResolvedConfigurationUntilItIsRead) {
  const auto document = document_of("sweep: {prompts_from: {run: ../out/x}}\n");
  const auto again = parse_config(resolved_yaml(document), "folder", "r.yaml");
  EXPECT_EQ(parse_sweep(again).prompts_from.run, "folder/../out/x");
  const auto read = with_prompt_variants(document, {{.name = "from-a", .text = "x"}});
  EXPECT_THAT(resolved_yaml(read), Not(HasSubstr("prompts_from")));
}

TEST(PromptsFrom, WrongValuesAreRefused) {
  EXPECT_THAT(error_with("sweep: {prompts_from: {run: x, per: seed}}\n"),
              HasSubstr("expected task"));
  EXPECT_THAT(error_with("sweep: {prompts_from: {run: x, methods: d}}\n"),
              HasSubstr("expected a list of texts"));
  EXPECT_THAT(error_with("sweep: {prompts_from: {run: x, method: [d]}}\n"),
              HasSubstr("did you mean \"sweep.prompts_from.methods\"?"));
  EXPECT_THAT(error_with("prompt: {kind: manual, manual: {tokens: [a]}}\n"),
              HasSubstr("prompt.manual.text"));
}

// Whatever a vocabulary holds comes through the text of the configuration and back.
TEST(PromptVariants, KeepTextsAndTokensThroughTheResolvedConfiguration) {
  const std::string text = " the \"the\": # {x}, \xC3\xA9\n'- ";
  const std::vector<std::string> tokens = {"\xC4\xA0the", "\xC4\xA0the", "##ing", "\"", "'",   "#",
                                           "{",           "-",           "yes",   "12", "null"};
  const auto document = with_prompt_variants(
      document_of("sweep: {prompts_from: {run: x}, variants: {own: {shard_size: 8}}}\n"),
      {{.name = "from-a", .text = text, .tokens = tokens}});
  const auto again = parse_config(resolved_yaml(document), "folder", "r.yaml");
  const SweepSpec sweep = parse_sweep(again);
  ASSERT_EQ(sweep.variants.size(), 2U);
  EXPECT_EQ(sweep.variants[0].name, "own");
  EXPECT_EQ(sweep.variants[1].name, "from-a");
  ConfigNode root = again.root;
  std::erase_if(root.entries, [](const ConfigEntry& entry) { return entry.key == "sweep"; });
  for (const auto& setting : sweep.variants[1].settings) {
    set_config_value(root, setting.key, setting.value, setting.position);
  }
  const PromptOptions prompt = parse_experiment(root).prompt;
  EXPECT_EQ(prompt.kind, PromptKind::kManual);
  EXPECT_EQ(prompt.manual.text, text);
  EXPECT_EQ(prompt.manual.tokens, tokens);
}

}  // namespace
}  // namespace bbprompt
