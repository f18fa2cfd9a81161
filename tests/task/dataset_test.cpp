#include "bbprompt/task/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;
using Row = std::vector<std::string>;  // text_a, text_b, label name, row number

TaskOptions pair_task() {
  TaskOptions task;
  task.text_a = "sentence1";
  task.text_b = "sentence2";
  task.label = "label";
  task.labels = {{"no", {"no"}}, {"yes", {"yes"}}};
  return task;
}

TaskOptions single_task() {
  TaskOptions task;
  task.text_a = "sentence";
  task.labels = {{"0", {"bad"}}, {"1", {"great"}}};
  return task;
}

class ReadDataset : public ::testing::Test {
 protected:
  std::vector<Row> rows(const std::string& name, const std::string& contents,
                        const TaskOptions& task) {
    write_text(folder_ / name, contents);
    std::vector<Row> rows;
    for (const Example& example : read_dataset(folder_ / name, task).examples) {
      rows.push_back({example.text_a, example.text_b,
                      task.labels.at(static_cast<std::size_t>(example.label)).name,
                      std::to_string(example.row)});
    }
    return rows;
  }

  std::string refusal(const std::string& name, const std::string& contents,
                      const TaskOptions& task) {
    write_text(folder_ / name, contents);
    try {
      (void)read_dataset(folder_ / name, task);
    } catch (const DataError& error) {
      EXPECT_EQ(error.file(), (folder_ / name).string());
      return error.what();
    }
    return "accepted";
  }

  TemporaryFolder folder_;
};

TEST_F(ReadDataset, ReadsCsvAsRfc4180DefinesIt) {
  const std::vector<Row> expected = {{"a, \"b\"", "line 1\r\nline 2\n", "yes", "1"},
                                     {"\"", " c ", "no", "2"}};
  const std::string body =
      "\"a, \"\"b\"\"\",x,\"line 1\r\nline 2\n\",yes\n"
      R"("""",, c ,"no")";
  const std::string header = "sentence1,unused,sentence2,label\n";
  EXPECT_EQ(rows("a.csv", header + body, pair_task()), expected);
  EXPECT_EQ(rows("b.csv", header + body + "\n", pair_task()), expected);
  EXPECT_EQ(rows("c.csv", header + body + "\n\n \r\n\n", pair_task()), expected);
  EXPECT_EQ(rows("d.csv", "\xef\xbb\xbf" + header + body, pair_task()), expected);
  EXPECT_EQ(
      rows("e.csv", "\xef\xbb\xbf\"sentence1\",\"unused\",sentence2,label\n" + body, pair_task()),
      expected);
}

TEST_F(ReadDataset, ReadsCrlfLines) {
  const std::vector<Row> expected = {{"a", "b", "no", "1"}, {"c", "d", "yes", "2"}};
  EXPECT_EQ(
      rows("a.csv", "sentence1,sentence2,label\r\na,b,no\r\n\"c\",d,\"yes\"\r\n", pair_task()),
      expected);
  EXPECT_EQ(rows("a.tsv", "sentence1\tsentence2\tlabel\r\na\tb\tno\r\nc\td\tyes\r", pair_task()),
            expected);
  EXPECT_EQ(rows("a.jsonl",
                 "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":\"no\"}\r\n"
                 "{\"sentence1\":\"c\",\"sentence2\":\"d\",\"label\":\"yes\"}\r\n\r\n",
                 pair_task()),
            expected);
}

TEST_F(ReadDataset, KeepsStrayQuotesOfGlueTsv) {
  // Layout of SST-2, with quotes as GLUE's files have them: opened, closed elsewhere or never.
  EXPECT_THAT(
      rows("sst2.tsv",
           "sentence\tlabel\n"
           "\" analyze this \" \t1\n"
           "\"abc\t0\n"
           "say `` so '' \"\t1\n"
           "\"quoted\"\t0\n"
           "\"he said\" she\t1\n"
           "last, without end\t0",
           single_task()),
      ElementsAre(Row{"\" analyze this \" ", "", "1", "1"}, Row{"\"abc", "", "0", "2"},
                  Row{"say `` so '' \"", "", "1", "3"}, Row{"\"quoted\"", "", "0", "4"},
                  Row{"\"he said\" she", "", "1", "5"}, Row{"last, without end", "", "0", "6"}));
}

TEST_F(ReadDataset, ReadsTheLayoutOfColaWithAHeader) {
  EXPECT_THAT(rows("cola.tsv",
                   "source\tlabel\tmark\tsentence\n"
                   "gj04\t1\t\tOur friends won't buy this analysis.\n"
                   "gj04\t0\t*\t\"Who\" did you see Mary?\n",
                   single_task()),
              ElementsAre(Row{"Our friends won't buy this analysis.", "", "1", "1"},
                          Row{"\"Who\" did you see Mary?", "", "0", "2"}));
}

TEST_F(ReadDataset, NeverMergesRowsThatFitTheHeader) {
  // Reading it quoted would work too, as one row: {"abc\t0\nx", 1}.
  EXPECT_THAT(rows("a.tsv", "sentence\tlabel\n\"abc\t0\nx\"\t1\n", single_task()),
              ElementsAre(Row{"\"abc", "", "0", "1"}, Row{"x\"", "", "1", "2"}));
}

TEST_F(ReadDataset, ReadsTsvOfAWriterThatQuotesWhereItMust) {
  EXPECT_THAT(
      rows("doubled.tsv", "sentence\tlabel\nplain\t1\n\"he said \"\"x\"\"\"\t0\n\"\"\"\"\t1\n",
           single_task()),
      ElementsAre(Row{"plain", "", "1", "1"}, Row{"he said \"x\"", "", "0", "2"},
                  Row{"\"", "", "1", "3"}));
  EXPECT_THAT(rows("lines.tsv", "label\tsentence\n1\t\"a\tb\"\n0\t\"c\n\n\"\"d\"\"\"\n1\te\n",
                   single_task()),
              ElementsAre(Row{"a\tb", "", "1", "1"}, Row{"c\n\n\"d\"", "", "0", "2"},
                          Row{"e", "", "1", "3"}));
}

TEST_F(ReadDataset, AStrayQuoteInAQuotedTsvIsItsOwnFieldsAlone) {
  const std::string head = "sentence\tlabel\n\"He said \"\"so\"\"\"\t0\nplain\t1\n";
  const std::vector<Row> expected = {{"He said \"so\"", "", "0", "1"}, {"plain", "", "1", "2"}};
  EXPECT_EQ(rows("a.tsv", head, single_task()), expected);
  std::vector<Row> more = expected;
  more.push_back({"One 6\" pipe", "", "1", "3"});
  EXPECT_EQ(rows("b.tsv", head + "One 6\" pipe\t1\n", single_task()), more);
  // At the beginning it makes no field, and is told.
  EXPECT_THAT(refusal("c.tsv", head + "\"One\" pipe\t1\n", single_task()), HasSubstr("row 3"));
}

TEST_F(ReadDataset, TaskQuotingDecides) {
  TaskOptions task = single_task();
  const std::string text = "sentence\tlabel\n\"quoted\"\t1\n";
  write_text(folder_ / "raw.tsv", text);
  const Dataset raw = read_dataset(folder_ / "raw.tsv", task);
  EXPECT_EQ(raw.examples[0].text_a, "\"quoted\"");
  EXPECT_EQ(raw.quoting, "raw");
  ASSERT_FALSE(raw.notes.empty());
  EXPECT_THAT(raw.notes[0], HasSubstr("1 field looks quoted"));
  task.quoting = FileQuoting::kQuoted;
  EXPECT_THAT(rows("a.tsv", text, task), ElementsAre(Row{"quoted", "", "1", "1"}));
  task.quoting = FileQuoting::kNone;
  EXPECT_THAT(rows("a.csv", "sentence,label\n\"quoted\",1\n", task),
              ElementsAre(Row{"\"quoted\"", "", "1", "1"}));
}

TEST_F(ReadDataset, NotesWhatPeopleOverlookInLabels) {
  const auto notes = [&](const std::string& contents) {
    write_text(folder_ / "a.csv", "sentence,label\n" + contents);
    return read_dataset(folder_ / "a.csv", single_task()).notes;
  };
  EXPECT_THAT(notes("a,0\nb,1\n"), ElementsAre());
  EXPECT_THAT(notes("a,0\nb,0\n"), ElementsAre(HasSubstr("no row of label \"1\"")));
  EXPECT_THAT(notes("a,0\nb,1\na,1\na,0\n"),
              ElementsAre(AllOf(HasSubstr("1 text stands"), HasSubstr("\"a\""))));
  std::string rows = "last,1\n";
  for (int i = 0; i < 60; ++i) rows += "text " + std::to_string(i) + ",0\n";
  EXPECT_THAT(notes(rows), ElementsAre(HasSubstr("60 of 61 rows have label \"0\"")));
}

TEST_F(ReadDataset, NamesColumnsByNumberWithoutAHeader) {
  TaskOptions task = single_task();
  task.has_header = false;
  task.text_a = "2";
  task.label = "1";
  EXPECT_THAT(rows("a.csv", "1,first\n0,\"second, last\"\n", task),
              ElementsAre(Row{"first", "", "1", "1"}, Row{"second, last", "", "0", "2"}));
  EXPECT_THAT(rows("a.tsv", "1\tfirst\n", task), ElementsAre(Row{"first", "", "1", "1"}));
  task.text_a = "text";
  EXPECT_THAT(refusal("b.csv", "1,first\n", task), HasSubstr("\"1\", \"2\""));
}

TEST_F(ReadDataset, ReadsTsvWithAQuotedHeaderStrictly) {
  EXPECT_THAT(
      rows("all.tsv", "\"sentence\"\t\"label\"\n\"a\"\t\"1\"\n\"b\nc\"\t\"0\"\n", single_task()),
      ElementsAre(Row{"a", "", "1", "1"}, Row{"b\nc", "", "0", "2"}));
  EXPECT_THAT(refusal("bad.tsv", "\"sentence\"\t\"label\"\n\"a\t1\nb\t0\n", single_task()),
              AllOf(HasSubstr("row 1: line 2"), HasSubstr("opened on line 2 is never closed")));
}

TEST_F(ReadDataset, AStrayQuoteInTsvDoesNotHideARaggedRow) {
  // The quote of row 2 could otherwise run to the end of the file.
  const std::string text = "sentence\tlabel\na\t1\n\"b\t0\nbroken\nc \"d\" e\t1\n";
  EXPECT_THAT(refusal("a.tsv", text, single_task()),
              AllOf(HasSubstr("row 3: line 4"), HasSubstr("expected 2 columns"),
                    HasSubstr("found 1"), ::testing::Not(HasSubstr("quotes"))));
  EXPECT_THAT(refusal("b.tsv", "sentence\tlabel\n\"a\nb\t1\nc \"d\" e\t1\n", single_task()),
              AllOf(HasSubstr("row 1: line 2"), HasSubstr("not consistently quoted")));
}

TEST_F(ReadDataset, ReadsJsonLabelsThatAreIntegersOrBooleans) {
  TaskOptions task = single_task();
  task.labels = {{"-1", {"a"}}, {"true", {"b"}}, {"18446744073709551615", {"c"}}};
  EXPECT_THAT(
      rows("a.jsonl",
           "\xef\xbb\xbf{\"sentence\": \"x\\u00e9\\n\", \"label\": -1, \"more\": {\"a\": [1]}}\n"
           "{\"label\": true, \"sentence\": \"y\"}\n"
           R"({"label": 18446744073709551615, "sentence": "z"})",
           task),
      ElementsAre(Row{"x\xc3\xa9\n", "", "-1", "1"}, Row{"y", "", "true", "2"},
                  Row{"z", "", "18446744073709551615", "3"}));
}

TEST_F(ReadDataset, FingerprintIsTheDigestOfTheFile) {
  write_text(folder_ / "a.csv", "sentence,label\nx,1\n");
  // sha256sum of the same bytes.
  EXPECT_EQ(read_dataset(folder_ / "a.csv", single_task()).sha256,
            "7923fba5dbe46d3cc4469ef7ff775213a49858108390529a03f28039d24ebba4");
}

struct Refusal {
  std::string name;
  std::string contents;
  std::vector<std::string> reasons;
};

TEST_F(ReadDataset, RefusesWhatIsDamagedAndSaysWhere) {
  const std::string header = "sentence,label\n";
  const std::vector<Refusal> cases = {
      {"empty.csv", "", {"empty"}},
      {"mark.jsonl", "\xef\xbb\xbf", {"empty"}},
      {"blank.jsonl", "\n\n", {"at least one row"}},
      {"header.csv", header, {"at least one row"}},
      {"header.tsv", "sentence\tlabel\r\n\r\n", {"at least one row"}},
      {"name.txt", "x", {".jsonl", "\".txt\""}},
      {"utf16.csv", std::string("\xff\xfes\0e\0", 6), {"UTF-16"}},
      {"wide.csv", header + "a,1\nb,1,c\n", {"row 2: line 3", "expected 2 columns", "found 3"}},
      {"narrow.tsv", "sentence\tlabel\na\n", {"row 1: line 2", "expected 2 columns", "found 1"}},
      {"gap.csv", header + "a,1\n\nb,1\n", {"row 2: line 3", "a blank line"}},
      {"gap.jsonl", "{\"sentence\":\"a\",\"label\":1}\n\n{}\n", {"row 2: line 2", "found nothing"}},
      {"lines.csv", header + "\"a\n\nb\",1\n\nb,1\n", {"row 2: line 5"}},
      {"column.csv",
       "Sentence,id,label\na,1,1\n",
       {"line 1: ", "\"sentence\"", "did you mean \"Sentence\"", R"("Sentence", "id", "label")"}},
      {"headless.tsv",
       "gj04\t1\t\tOur friends\n",
       {"header line", R"("gj04", "1", "", "Our friends")"}},
      {"twice.csv", "label,sentence,label\n1,a,1\n", {"line 1: ", "\"label\" occurs twice"}},
      {"label.csv", header + "a,2\n", {"row 1: line 2", R"(label "2")", R"("0", "1")"}},
      {"text.csv", header + "a,1\n  ,0\n", {"row 2: line 3", "expected text in \"sentence\""}},
      {"utf8.csv",
       header + "a,1\nab\xff,0\n",
       {"row 2: line 3", "offset 21 of the file", "after \"ab\""}},
      {"utf8mark.csv",
       "\xef\xbb\xbf" + header + "\xc3,0\n",
       {"row 1: line 2", "offset 18 of the file"}},
      {"utf8.tsv", "sentence\tlabel\n\xed\xa0\x80\t0\n", {"row 1: line 2", "offset 15"}},
      {"utf8.jsonl", "{\"sentence\":\"\xe9\",\"label\":1}\n", {"row 1: line 1", "offset 13"}},
      {"nul.csv", header + std::string("a\0,1\n", 5), {"row 1: line 2", "NUL byte at offset 16"}},
      {"nul.jsonl", R"({"sentence":"a\u0000","label":1})", {"row 1: line 1", "NUL character"}},
      {"open.csv",
       header + "a,1\n\"b,1\nc,0\n",
       {"row 2: line 3", "opened on line 3 is never closed"}},
      {"behind.csv",
       header + "\"a\nb\" c,1\n",
       {"row 1: line 2", "closing quote on line 3", "\" c,1"}},
      {"inside.csv",
       header + "5\" disk,1\n",
       {"row 1: line 2", "quote inside a field", "after \"5\""}},
      {"mac.csv", "sentence,label\ra,1\rb,0\r", {"line 1: ", "carriage return"}},
      {"columns.csv", std::string(5000, ',') + "\n", {"line 1: ", "at most 4096 columns"}},
      {"array.json",
       "[\n {\"sentence\": \"a\", \"label\": 1}\n]\n",
       {"row 1: line 1", "one JSON object per line"}},
      {"scalar.jsonl", "3\n", {"row 1: line 1", "found an integer"}},
      {"half.jsonl", R"({"sentence": "a")", {"row 1: line 1", "not valid JSON"}},
      {"two.jsonl", "{\"sentence\":\"a\",\"label\":1} {}\n", {"row 1: line 1", "not valid JSON"}},
      {"key.jsonl",
       "{\"sentense\":\"a\",\"label\":1}\n",
       {"row 1: line 1", "\"sentence\"", "did you mean \"sentense\"", "\"label\""}},
      {"none.jsonl", "{}\n", {"row 1: line 1", "found none"}},
      {"repeat.jsonl",
       "{\"sentence\":\"a\",\"label\":1,\"label\":0}\n",
       {"row 1: line 1", "occurs twice"}},
      {"number.jsonl",
       "{\"sentence\":3,\"label\":1}\n",
       {"row 1: line 1", "\"sentence\": expected a string, found an integer"}},
      {"nested.jsonl",
       "{\"sentence\":{\"a\":\"b\"},\"label\":1}\n",
       {"\"sentence\": expected a string, found an object"}},
      {"fraction.jsonl", "{\"sentence\":\"a\",\"label\":1.0}\n", {"\"label\"", "found a fraction"}},
      {"null.jsonl", "{\"sentence\":\"a\",\"label\":null}\n", {"\"label\"", "found null"}},
      {"list.jsonl", "{\"sentence\":\"a\",\"label\":[1]}\n", {"\"label\"", "found an array"}},
      {"deep.jsonl", std::string(100000, '['), {"row 1: line 1", "nested deeper"}},
  };
  for (const Refusal& wanted : cases) {
    const std::string message = refusal(wanted.name, wanted.contents, single_task());
    for (const std::string& reason : wanted.reasons) {
      EXPECT_THAT(message, HasSubstr(reason)) << wanted.name;
    }
  }
}

TEST_F(ReadDataset, RefusesAnEmptySecondText) {
  EXPECT_THAT(refusal("a.csv", "sentence1,sentence2,label\na,,no\n", pair_task()),
              HasSubstr("expected text in \"sentence2\""));
}

TEST_F(ReadDataset, RefusesARowWithoutEnd) {
  std::string contents = "sentence,label\n";
  contents.append((std::size_t{64} << 20) + 1, 'x');
  EXPECT_THAT(refusal("long.csv", contents, single_task()), HasSubstr("64 MiB"));
}

TEST_F(ReadDataset, RefusesAFileThatIsNotThere) {
  EXPECT_THROW((void)read_dataset(folder_ / "absent.csv", single_task()), DataError);
  EXPECT_THROW((void)read_dataset(folder_ / "absent", single_task()), DataError);
}

TEST_F(ReadDataset, RefusesATaskThatContradictsItself) {
  write_text(folder_ / "a.csv", "sentence,label\nx,1\n");
  const auto is_refused = [&](const std::function<void(TaskOptions&)>& change) {
    TaskOptions task = single_task();
    change(task);
    EXPECT_THROW((void)read_dataset(folder_ / "a.csv", task), Error);
  };
  is_refused([](TaskOptions& task) { task.labels.clear(); });
  is_refused([](TaskOptions& task) { task.labels[1].name = "0"; });
  is_refused([](TaskOptions& task) { task.text_a = "label"; });
  is_refused([](TaskOptions& task) { task.text_b = "sentence"; });
  is_refused([](TaskOptions& task) { task.text_b = "label"; });
}

// Independent of the parser: appends one field as a quoting writer would.
std::string in_quotes(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

TEST_F(ReadDataset, EveryFormatGivesTheSameRowsOfRealData) {
  BBPROMPT_REQUIRE_SHARED("datasets/mrpc/dev.jsonl")
  TaskOptions task;
  task.text_b = "text_b";
  task.labels = {{"not_equivalent", {"no"}}, {"equivalent", {"yes"}}};
  const Dataset original = read_dataset(testing::shared_folder() / "datasets/mrpc/dev.jsonl", task);
  std::string csv = "text_a,text_b,label\r\n";
  std::string raw = "text_a\ttext_b\tlabel\n";
  std::string quoted_tsv = raw;
  for (const Example& example : original.examples) {
    const std::string& label = task.labels.at(static_cast<std::size_t>(example.label)).name;
    csv += in_quotes(example.text_a) + "," + in_quotes(example.text_b) + "," + label + "\r\n";
    quoted_tsv +=
        in_quotes(example.text_a) + "\t" + in_quotes(example.text_b) + "\t" + label + "\n";
    raw += example.text_a + "\t" + example.text_b + "\t" + label + "\n";
  }
  const auto is_same = [](const Example& a, const Example& b) {
    return content_of(a) == content_of(b) && a.label == b.label && a.row == b.row;
  };
  for (const auto& [name, contents] :
       {std::pair{"mrpc.csv", csv}, {"raw.tsv", raw}, {"quoted.tsv", quoted_tsv}}) {
    write_text(folder_ / name, contents);
    const Dataset copy = read_dataset(folder_ / name, task);
    EXPECT_TRUE(std::equal(copy.examples.begin(), copy.examples.end(), original.examples.begin(),
                           original.examples.end(), is_same))
        << name;
  }
}

}  // namespace
}  // namespace bbprompt
