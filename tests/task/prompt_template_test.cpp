#include "bbprompt/task/prompt_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Example kSingle = {.text_a = "A film.", .text_b = "", .label = 0, .row = 1};
const Example kPair = {.text_a = "First.", .text_b = "Second.", .label = 0, .row = 1};

TaskOptions task_of(const std::string& template_text) {
  TaskOptions task;
  task.template_text = template_text;
  if (template_text.find("{text_b}") != std::string::npos) task.text_b = "text_b";
  return task;
}

// A query spelled out: fields in <>, segments between |.
std::string spell(const Query& query) {
  std::string spelled;
  for (const Segment& segment : query.segments) {
    if (!spelled.empty()) spelled += "|";
    if (const auto* text = std::get_if<TextSegment>(&segment)) {
      std::size_t at = 0;
      for (const ExampleField& field : text->fields) {
        spelled += text->text.substr(at, field.begin - at) + "<" +
                   text->text.substr(field.begin, field.end - field.begin) + ">";
        at = field.end;
      }
      spelled += text->text.substr(at);
    } else if (const auto* tokens = std::get_if<PromptTokens>(&segment)) {
      spelled += "TOKENS" + std::to_string(tokens->ids.size());
    } else if (const auto* vectors = std::get_if<PromptVectors>(&segment)) {
      spelled += "VECTORS" + std::to_string(vectors->vectors->rows());
    } else {
      spelled += std::holds_alternative<AnswerSlot>(segment) ? "MASK" : "SEP";
    }
  }
  return spelled;
}

TEST(PromptTemplate, PutsALearnedPromptIntoASegmentOfItsOwn) {
  const PromptTemplate single(task_of("{prompt} {text_a} It was {mask}."));
  EXPECT_EQ(spell(single.render(kSingle, PromptTokens{{5, 6, 7}})),
            "TOKENS3| <A film.> It was |MASK|.");
  const PromptVectors vectors{std::make_shared<RowMatrixXf>(RowMatrixXf::Zero(2, 4)), {}};
  EXPECT_EQ(spell(single.render(kSingle, vectors)), "VECTORS2| <A film.> It was |MASK|.");

  const PromptTemplate pair(task_of("{text_a}{sep}{text_b} ? {prompt}{mask}, "));
  EXPECT_EQ(spell(pair.render(kPair, PromptTokens{{5}})),
            "<First.>|SEP|<Second.> ? |TOKENS1|MASK|, ");
}

TEST(PromptTemplate, HandsTheVectorsOnWithoutACopy) {
  const PromptVectors vectors{std::make_shared<RowMatrixXf>(RowMatrixXf::Zero(2, 4)), {8, 9}};
  const Query query = PromptTemplate(task_of("{prompt}{text_a}{mask}")).render(kSingle, vectors);
  const auto& segment = std::get<PromptVectors>(query.segments.at(0));
  EXPECT_EQ(segment.vectors, vectors.vectors);
  EXPECT_EQ(segment.base_ids, vectors.base_ids);
}

TEST(PromptTemplate, GivesFieldsTheTasksTokenLimit) {
  TaskOptions task = task_of("{prompt}{text_a} and {text_b} or {text_a} {mask}");
  task.max_field_tokens = 200;
  const Query query = PromptTemplate(task).render(kPair, "Say:");
  const auto& text = std::get<TextSegment>(query.segments.at(0));
  EXPECT_EQ(spell(query), "Say:<First.> and <Second.> or <First.> |MASK");
  for (const ExampleField& field : text.fields) EXPECT_EQ(field.max_tokens, 200);
}

struct ManualCase {
  std::string template_text;
  std::string prompt_text;
  std::string query;
};

TEST(PromptTemplate, JoinsAManualPromptWithThePattern) {
  const std::vector<ManualCase> cases = {
      {"{prompt} {text_a} It was {mask}.", "", "<A film.> It was |MASK|."},
      {"{prompt} {text_a} It was {mask}.", " \n", "<A film.> It was |MASK|."},
      {"{prompt} {text_a} It was {mask}.", "Review:", "Review: <A film.> It was |MASK|."},
      {"{prompt} {text_a} It was {mask}.", " Review: ", "Review: <A film.> It was |MASK|."},
      {"{prompt}{text_a} {mask}", "Review: ", "Review: <A film.> |MASK"},
      {"{prompt}\n{text_a} {mask}", "Review: ", "Review:\n<A film.> |MASK"},
      {"{text_a} It {prompt} was {mask}.", "", "<A film.> It was |MASK|."},
      {"{text_a} It {prompt} was {mask}.", " really ", "<A film.> It really was |MASK|."},
      {"{text_a} It{prompt} was {mask}.", "", "<A film.> It was |MASK|."},
      {"{text_a} It{prompt}was {mask}.", " ", "<A film.> It was |MASK|."},
      {"{text_a}{prompt} It was {mask}.", "", "<A film.> It was |MASK|."},
      {"{text_a} {mask}. {prompt}", "", "<A film.> |MASK|."},
      {"{text_a} {mask}. {prompt}", "Right? ", "<A film.> |MASK|. Right?"},
      {"{text_a} {mask}{prompt}", "", "<A film.> |MASK"},
      {"{text_a} {mask} {prompt}", "", "<A film.> |MASK"},
      {"{mask}{prompt} {text_a}", "", "MASK| <A film.>"},
      {"{mask} {prompt} {text_a}", "", "MASK| <A film.>"},
      {"{text_a} {prompt}{sep}{mask}", "", "<A film.>|SEP|MASK"},
      {"{text_a}{sep}{prompt} is {mask}", "", "<A film.>|SEP|is |MASK"},
      {"{text_a}{sep}{prompt} is {mask}", "it", "<A film.>|SEP|it is |MASK"},
      {"{prompt} {text_a} {mask}", "{mask} {x", "{mask} {x <A film.> |MASK"},
      {"{{{prompt}}} {text_a} {mask}", "p", "{p} <A film.> |MASK"},
      {"{prompt}{{text_a}} {text_a}}}{mask}", "p", "p{text_a} <A film.>}|MASK"},
  };
  for (const ManualCase& wanted : cases) {
    EXPECT_EQ(
        spell(PromptTemplate(task_of(wanted.template_text)).render(kSingle, wanted.prompt_text)),
        wanted.query)
        << wanted.template_text << " with \"" << wanted.prompt_text << '"';
  }
}

struct DemonstrationCase {
  std::string template_text;
  std::string prompt_text;
  std::string query;
};

TEST(PromptTemplate, PutsSolvedExamplesBeforeTheQuery) {
  const Example good = {.text_a = "Fun.", .text_b = "Joy.", .label = 1, .row = 7};
  const Example bad = {.text_a = "Dull.", .text_b = "Bore.", .label = 0, .row = 3};
  const std::vector<DemonstrationCase> cases = {
      {"{prompt} {text_a} It was {mask}.", "",
       "<Fun.> It was great.|SEP|<Dull.> It was bad.|SEP|<First.> It was |MASK|."},
      {"{prompt} {text_a} It was {mask}.", "Review:",
       "Review: <Fun.> It was great.|SEP|Review: <Dull.> It was bad.|SEP|Review: <First.> It was "
       "|MASK|."},
      {"{mask}: {text_a} {prompt}", "", "great: <Fun.>|SEP|bad: <Dull.>|SEP|MASK|: <First.>"},
      {"{text_a}{sep}{text_b} ? {prompt}{mask}", "So ",
       "<Fun.>|SEP|<Joy.> ? So great|SEP|<Dull.>|SEP|<Bore.> ? So bad|SEP|<First.>|SEP|<Second.> "
       "? So |MASK"},
  };
  for (const DemonstrationCase& wanted : cases) {
    TaskOptions task = task_of(wanted.template_text);
    task.labels = {{"no", {"bad", "awful"}}, {"yes", {"great", "fine"}}};
    const PromptTemplate pattern(task);
    const Demonstrations shown{.examples = {&good, &bad}, .max_field_tokens = 32};
    EXPECT_EQ(spell(pattern.render(kPair, wanted.prompt_text, shown)), wanted.query);
    EXPECT_TRUE(
        wanted.query.starts_with(spell(pattern.render_demonstrations(wanted.prompt_text, shown))));
    EXPECT_EQ(spell(pattern.render(kPair, wanted.prompt_text, {})),
              spell(pattern.render(kPair, wanted.prompt_text)));
  }
}

TEST(PromptTemplate, CutsTextsOfDemonstrationsToTheSmallerLimit) {
  struct Case {
    int task_limit;
    int limit;
    int of_demonstration;
  };
  for (const auto& [task_limit, limit, of_demonstration] :
       {Case{0, 0, 0}, Case{0, 32, 32}, Case{200, 32, 32}, Case{16, 32, 16}, Case{16, 0, 16}}) {
    TaskOptions task = task_of("{prompt}{text_a} {mask}");
    task.labels = {{"no", {"bad"}}};
    task.max_field_tokens = task_limit;
    const Query query = PromptTemplate(task).render(
        kSingle, "", {.examples = {&kSingle}, .max_field_tokens = limit});
    EXPECT_EQ(std::get<TextSegment>(query.segments.at(0)).fields.at(0).max_tokens,
              of_demonstration);
    EXPECT_EQ(std::get<TextSegment>(query.segments.at(2)).fields.at(0).max_tokens, task_limit);
  }
}

TEST(PromptTemplate, NeverChangesTheExamplesTexts) {
  const Example spaced = {.text_a = "  so {mask} ", .text_b = "", .label = 0, .row = 1};
  EXPECT_EQ(spell(PromptTemplate(task_of("{prompt} {text_a} {mask}")).render(spaced, "")),
            "<  so {mask} > |MASK");
}

TEST(PromptTemplate, RefusesEachMistakeAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{prompt} {text_a}", "exactly one {mask}"},
      {"{prompt} {text_a} {mask} or {mask}",
       "character 29: expected exactly one {mask}, found a second"},
      {"{text_a} {mask}", "exactly one {prompt}"},
      {"{prompt}{prompt}{text_a} {mask}",
       "character 9: expected exactly one {prompt}, found a second"},
      {"{prompt} {mask}", "{text_a}"},
      {"", "{prompt}"},
      {"{prompt} {text} {mask}",
       R"(character 10: unknown placeholder "{text}" (did you mean "text_a"?))"},
      {"\xc3\xa9 {Mask}", R"(character 3: unknown placeholder "{Mask}" (did you mean "mask"?))"},
      {"{}", "character 1: unknown placeholder \"{}\""},
      {"{prompt} {text_a {mask}", R"(character 10: found a "{" without "}")"},
      {"{prompt} {text_a} {mask", R"(character 19: found a "{" without "}")"},
      {"{prompt} text_a} {mask}", R"(character 16: found a "}" without "{")"},
      {"{prompt} \xff", "UTF-8"},
  };
  for (const auto& [text, reason] : cases) {
    try {
      const PromptTemplate accepted(task_of(text));
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(reason)) << text;
    }
  }
}

// Of a causal model's template: how the query reads, or what refuses it.
std::string causal(const TaskOptions& task) {
  try {
    return spell(PromptTemplate(task, ModelFamily::kCausal).render(kPair, "Say:"));
  } catch (const SettingError& error) {
    return error.what();
  }
}

TEST(PromptTemplate, OfACausalModelEndsWithTheMask) {
  EXPECT_EQ(causal(task_of("{prompt} {text_a} It was {mask}")), "Say: <First.> It was |MASK");
  EXPECT_EQ(causal(task_of("{prompt} {text_a} It was {mask} \n")), "Say: <First.> It was |MASK");
  EXPECT_EQ(causal(task_of("{prompt}{text_a}{sep}{text_b} ? {mask}")),
            "Say:<First.>|SEP|<Second.> ? |MASK");
}

TEST(PromptTemplate, OfACausalModelTakesItsOwnFormWhereTheTaskHasOne) {
  TaskOptions task = task_of("{prompt}{mask} News: {text_a}");
  task.causal_template = "{prompt}{text_a} News: {mask}";
  EXPECT_EQ(causal(task), "Say:<First.> News: |MASK");
  EXPECT_EQ(spell(PromptTemplate(task).render(kPair, "Say:")), "Say:|MASK| News: <First.>");
}

TEST(PromptTemplate, SaysWhatToWriteWhereTextStandsAfterACausalModelsMask) {
  EXPECT_THAT(
      causal(task_of("{prompt} {text_a} It was {mask}. ")),
      AllOf(HasSubstr("task.template: expected {mask} at the end"), HasSubstr("found \". \""),
            HasSubstr("write \"{prompt} {text_a} It was {mask}\""),
            HasSubstr("masked: \"{prompt} {text_a} It was {mask}. \", causal: \"{prompt} "
                      "{text_a} It was {mask}\"")));
  EXPECT_THAT(causal(task_of("{prompt}{mask}: {text_a}")),
              AllOf(HasSubstr("found \": {text_a}\""),
                    HasSubstr("write \"{prompt}{text_a} Answer: {mask}\"")));
  EXPECT_THAT(causal(task_of("{prompt}{text_a} ? {mask} , {text_b}")),
              HasSubstr("write \"{prompt}{text_a} {text_b} Answer: {mask}\""));
  EXPECT_THAT(causal(task_of("{text_a} {mask}{prompt}")), HasSubstr("found \"{prompt}\""));
  EXPECT_THAT(causal(task_of("{prompt}{text_a} {mask}{sep}")), HasSubstr("{text_a} {mask}\""));
  TaskOptions task = task_of("{prompt}{text_a} {mask}");
  task.causal_template = "{prompt}{text_a} {mask}!";
  EXPECT_THAT(causal(task),
              AllOf(HasSubstr("task.template.causal: "),
                    HasSubstr("write \"{prompt}{text_a} {mask}\""), Not(HasSubstr("masked"))));
}

TEST(PromptTemplate, UsesExactlyTheColumnsOfTheTask) {
  TaskOptions task = task_of("{prompt} {text_a} {text_b} {mask}");
  task.text_b.clear();
  EXPECT_THROW(PromptTemplate{task}, Error);
  task = task_of("{prompt} {text_a} {mask}");
  task.text_b = "sentence2";
  EXPECT_THROW(PromptTemplate{task}, Error);
}

}  // namespace
}  // namespace bbprompt
