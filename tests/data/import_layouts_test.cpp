#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/data/import.hpp"
#include "bbprompt/data/known_task.hpp"
#include "tests/data/import_support.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportFolder;
using testing::NamedText;

struct LayoutCase {
  std::string name;
  std::string task;
  std::vector<NamedText> files;
  std::string train;  // as written, by hand
  std::string dev;
  std::string test;

  friend std::ostream& operator<<(std::ostream& out, const LayoutCase& layout) {
    return out << layout.name;
  }
};

constexpr const char* kMarkedMsrHeader = "\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String";

const std::vector<LayoutCase> kLayouts = {
    {"MsrFilesWithMarkQuotesAndCarriageReturns",
     "mrpc",
     {{"msr_paraphrase_train.txt", std::string(kMarkedMsrHeader) +
                                       "\r\n1\t10\t11\tHe said \"no .\tHe said no .\r\n"
                                       "0\t12\t13\tA b\tB \xc3\xa9\r\n"},
      {"msr_paraphrase_test.txt", std::string(kMarkedMsrHeader) + "\n0\t1\t2\tx\ty\n"}},
     R"({"text_a":"He said \"no .","text_b":"He said no .","label":"equivalent"})"
     "\n"
     "{\"text_a\":\"A b\",\"text_b\":\"B \xc3\xa9\",\"label\":\"not_equivalent\"}\n",
     "",
     "{\"text_a\":\"x\",\"text_b\":\"y\",\"label\":\"not_equivalent\"}\n"},
    {"MsrTrainFileWithGluesListOfDevPairs",
     "mrpc",
     {{"msr_paraphrase_train.txt", std::string(kMarkedMsrHeader) +
                                       "\n1\t10\t11\ta\tb\n0\t12\t13\tc\td\n"
                                       "1\t14\t15\te\tf\n"},
      {"dev_ids.tsv", "12\t13\n"}},
     "{\"text_a\":\"a\",\"text_b\":\"b\",\"label\":\"equivalent\"}\n"
     "{\"text_a\":\"e\",\"text_b\":\"f\",\"label\":\"equivalent\"}\n",
     "{\"text_a\":\"c\",\"text_b\":\"d\",\"label\":\"not_equivalent\"}\n",
     ""},
    {"MsrTrainFileWithADevPairThatStandsTwice",
     "mrpc",
     {{"msr_paraphrase_train.txt",
       std::string(kMarkedMsrHeader) + "\n0\t12\t13\tc\td\n1\t14\t15\te\tf\n0\t12\t13\tc\td\n"},
      {"dev_ids.tsv", "12\t13\n"}},
     "{\"text_a\":\"e\",\"text_b\":\"f\",\"label\":\"equivalent\"}\n",
     "{\"text_a\":\"c\",\"text_b\":\"d\",\"label\":\"not_equivalent\"}\n"
     "{\"text_a\":\"c\",\"text_b\":\"d\",\"label\":\"not_equivalent\"}\n",
     ""},
    {"GlueQnliWhoseDevIsWrittenAsTest",
     "qnli",
     {{"train.tsv", "index\tquestion\tsentence\tlabel\n0\tWho?\t\"Me\tentailment\n"},
      {"dev.tsv", "index\tquestion\tsentence\tlabel\n0\tWhy?\tSo.\tnot_entailment\n"},
      {"test.tsv", "index\tquestion\tsentence\n0\tWhen?\tNow.\n"}},
     "{\"text_a\":\"Who?\",\"text_b\":\"\\\"Me\",\"label\":\"entailment\"}\n",
     "",
     "{\"text_a\":\"Why?\",\"text_b\":\"So.\",\"label\":\"not_entailment\"}\n"},
    {"ColaCorpusInItsParts",
     "cola",
     {{"in_domain_train.tsv", "gj04\t1\t\tHe left.\ngj04\t0\t*\tLeft he the.\n"},
      {"in_domain_dev.tsv", "c_13\t1\t\tIn.\n"},
      {"out_of_domain_dev.tsv", "c_14\t0\t*\tOut of.\n"}},
     "{\"text_a\":\"He left.\",\"label\":\"acceptable\"}\n"
     "{\"text_a\":\"Left he the.\",\"label\":\"unacceptable\"}\n",
     "",
     "{\"text_a\":\"In.\",\"label\":\"acceptable\"}\n"
     "{\"text_a\":\"Out of.\",\"label\":\"unacceptable\"}\n"},
    {"GlueRte",
     "rte",
     {{"dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA\tB\tentailment\n"}},
     "",
     "",
     "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"entailment\"}\n"},
    {"GlueSst2KeepsBlanksAtTheEnd",
     "sst2",
     {{"train.tsv", "sentence\tlabel\ngood fun \t1\nbad \t0\n"}},
     "{\"text_a\":\"good fun \",\"label\":\"positive\"}\n"
     "{\"text_a\":\"bad \",\"label\":\"negative\"}\n",
     "",
     ""},
    {"GlueMnliWithColumnsInBetween",
     "mnli",
     {{"dev_matched.tsv",
       "index\tpromptID\tgenre\tsentence1_parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
       "0\t7\tfiction\t(x)\tA\tB\tneutral\tcontradiction\n"}},
     "",
     "",
     "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"contradiction\"}\n"},
    {"SnliTextLeavesOutWhatHasNoAgreedLabel",
     "snli",
     {{"snli_1.0_test.txt",
       "gold_label\tsentence1\tsentence2\tcaptionID\tlabel1\nneutral\tA\tB\t1.jpg\tneutral\n"
       "-\tC\tD\t1.jpg\tneutral\n"}},
     "",
     "",
     "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"neutral\"}\n"},
    {"SnliJsonLines",
     "snli",
     {{"snli_1.0_dev.jsonl", R"({"gold_label":"entailment","pairID":"1","sentence1":"A",)"
                             R"("sentence2":"B","annotator_labels":["entailment"]})"
                             "\n"}},
     "",
     "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"entailment\"}\n",
     ""},
    {"SciBertTextFilesWithFurtherKeys",
     "ci",
     {{"train.txt",
       "{\"text\": \"As in [1] .\", \"label\": \"CompareOrContrast\", "
       "\"metadata\": {}}\n"},
      {"dev.txt", "{\"text\": \"We use [2] .\", \"label\": \"Uses\"}\n"},
      {"test.txt", "{\"text\": \"See [3] .\", \"label\": \"Background\"}\n"}},
     "{\"text_a\":\"As in [1] .\",\"label\":\"CompareOrContrast\"}\n",
     "{\"text_a\":\"We use [2] .\",\"label\":\"Uses\"}\n",
     "{\"text_a\":\"See [3] .\",\"label\":\"Background\"}\n"},
    {"DontStopPretrainingJsonLinesOfSciErc",
     "se",
     {{"train.jsonl", "{\"text\": \"<< a >> of [[ b ]]\", \"label\": \"USED-FOR\"}\n"}},
     "{\"text_a\":\"<< a >> of [[ b ]]\",\"label\":\"USED-FOR\"}\n",
     "",
     ""},
    {"DontStopPretrainingJsonLinesOfHyperpartisanNews",
     "hp",
     {{"train.jsonl",
       "{\"text\": \"News.\", \"label\": \"true\", \"id\": 7}\n"
       "{\"text\": \"\", \"label\": \"false\"}\n"
       "{\"text\": \"More.\", \"label\": false}\n"}},
     "{\"text_a\":\"News.\",\"label\":\"true\"}\n{\"text_a\":\"More.\",\"label\":\"false\"}\n",
     "",
     ""},
    {"PubMedRctAbstracts",
     "rct",
     {{"train.txt",
       "###24293578\nOBJECTIVE\tTo see .\nRESULTS\tSeen , p = 0.05 .\n\n"
       "###24854809\nMETHODS\tLooked .\n\n"}},
     "{\"text_a\":\"To see .\",\"label\":\"OBJECTIVE\"}\n"
     "{\"text_a\":\"Seen , p = 0.05 .\",\"label\":\"RESULTS\"}\n"
     "{\"text_a\":\"Looked .\",\"label\":\"METHODS\"}\n",
     "",
     ""},
    {"TrecLabelsInLatin1",
     "trec",
     {{"train_5500.label", "DESC:manner How did it end ?\nENTY:food What is cr\xe8me ?\n"},
      {"TREC_10.label", "NUM:dist How far is it ?\r\n\n"}},
     "{\"text_a\":\"How did it end ?\",\"label\":\"DESC\"}\n"
     "{\"text_a\":\"What is cr\xc3\xa8me ?\",\"label\":\"ENTY\"}\n",
     "",
     "{\"text_a\":\"How far is it ?\",\"label\":\"NUM\"}\n"},
    {"AgNewsCsvWithQuotesAndLineEnds",
     "agnews",
     {{"train.csv",
       "\"3\",\"Title, one\",\"Stocks \"\"fell\"\", a lot\"\n"
       "\"4\",\"Two\",\"Chips\\and\nmore\"\n\"1\",\"Three\",\"Vote\"\n"}},
     R"({"text_a":"Stocks \"fell\", a lot","label":"Business"})"
     "\n"
     R"({"text_a":"Chips\\and\nmore","label":"Sci/Tech"})"
     "\n"
     "{\"text_a\":\"Vote\",\"label\":\"World\"}\n",
     "",
     ""},
    {"LmBffCsvOfSnippetsSomeQuoted",
     "subj",
     {{"test.csv", "0,\"smart , and alert\"\n1,he leaves town .\n"}},
     "",
     "",
     "{\"text_a\":\"smart , and alert\",\"label\":\"subjective\"}\n"
     "{\"text_a\":\"he leaves town .\",\"label\":\"objective\"}\n"},
    {"JsonLinesAsImportWritesThem",
     "rte",
     {{"train.jsonl", "{\"text_a\": \"A\", \"text_b\": \"B\", \"label\": \"not_entailment\"}\n"},
      {"dev.jsonl", "{\"text_a\": \"C\", \"text_b\": \"D\", \"label\": \"entailment\"}\n"},
      {"test.jsonl", "{\"text_a\": \"E\", \"text_b\": \"F\", \"label\": \"entailment\"}\n"}},
     "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"not_entailment\"}\n",
     "{\"text_a\":\"C\",\"text_b\":\"D\",\"label\":\"entailment\"}\n",
     "{\"text_a\":\"E\",\"text_b\":\"F\",\"label\":\"entailment\"}\n"},
};

class ImportLayouts : public ::testing::TestWithParam<LayoutCase> {};

TEST_P(ImportLayouts, AreReadAsTheirPublisherWritesThem) {
  ImportFolder folder;
  const ImportReport report = folder.import(GetParam().task, GetParam().files);
  EXPECT_EQ(folder.written(GetParam().task, "train"), GetParam().train);
  EXPECT_EQ(folder.written(GetParam().task, "dev"), GetParam().dev);
  EXPECT_EQ(folder.written(GetParam().task, "test"), GetParam().test);
  EXPECT_FALSE(report.splits.empty());
}

TEST_P(ImportLayouts, BlankLinesAtTheTopChangeNothing) {
  ImportFolder folder;
  std::vector<NamedText> files = GetParam().files;
  for (NamedText& file : files) {
    const std::size_t mark = file.text.starts_with("\xef\xbb\xbf") ? 3 : 0;
    file.text.insert(mark, "\n \r\n\n");
  }
  (void)folder.import(GetParam().task, files);
  EXPECT_EQ(folder.written(GetParam().task, "train"), GetParam().train);
  EXPECT_EQ(folder.written(GetParam().task, "dev"), GetParam().dev);
  EXPECT_EQ(folder.written(GetParam().task, "test"), GetParam().test);
}

// Half a file never passes as a whole one: what is read are the rows before the cut, or it is
// refused.
TEST_P(ImportLayouts, CutAnywhereAreRefusedOrEndWithAWholeRow) {
  ImportFolder folder;
  std::vector<NamedText> files = GetParam().files;
  const std::string whole = files.front().text;
  (void)folder.import(GetParam().task, files);
  std::string all;
  for (const char* split : {"train", "dev", "test"}) all += folder.written(GetParam().task, split);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    files.front().text = whole.substr(0, size);
    ImportFolder cut;
    try {
      (void)cut.import(GetParam().task, {files.front()});
    } catch (const Error&) {
      continue;
    }
    for (const char* split : {"train", "dev", "test"}) {
      std::istringstream lines(cut.written(GetParam().task, split));
      for (std::string line; std::getline(lines, line);) {
        EXPECT_THAT(all, HasSubstr(line + "\n")) << "cut at " << size;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Data, ImportLayouts, ::testing::ValuesIn(kLayouts),
                         [](const auto& tested) { return tested.param.name; });

const std::string kArticles =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<articles>\n"
    "<article id=\"0000001\" title=\"T\">\n <p>One &amp; <a href=\"u\">two</a>\nlines</p>\n"
    "<p>Three.</p> </article>\n"
    "<article id=\"0000000\"><p>&#233;t&#xe9;</p></article>\n</articles>\n";
const std::string kArticlesTruth =
    "<articles>\n<article hyperpartisan=\"true\" id=\"0000000\" url=\"u\"/>\n"
    "<article hyperpartisan=\"false\" id=\"0000001\" url=\"u\"/>\n</articles>\n";

TEST(ImportHyperpartisan, JoinsArticlesWithTheirGroundTruth) {
  ImportFolder folder;
  const auto articles = folder.write({"a.xml", kArticles});
  const auto truth = folder.write({"t.xml", kArticlesTruth});
  for (const bool is_truth_first : {false, true}) {
    const auto files = is_truth_first ? std::vector{truth, articles} : std::vector{articles, truth};
    (void)import_data(
        {.task = "hp", .train = files, .test = {articles, truth}, .folder = folder.out()});
    EXPECT_EQ(folder.written("hp", "train"),
              "{\"text_a\":\"One & two\\nlines\\nThree.\",\"label\":\"false\"}\n"
              "{\"text_a\":\"\xc3\xa9t\xc3\xa9\",\"label\":\"true\"}\n");
    EXPECT_EQ(folder.written("hp", "test"), folder.written("hp", "train"));
  }
}

TEST(ImportHyperpartisan, DealsAPairThatHasNoSplits) {
  ImportFolder folder;
  std::string articles = "<articles>";
  std::string truth = "<articles>";
  for (int i = 0; i < 25; ++i) {
    const std::string id = std::to_string(100 + i);
    const std::string opening = "<article id=\"" + id + "\"";
    articles.append(opening).append(">text ").append(id).append("</article>");
    truth.append(opening).append(i % 2 == 0 ? R"( hyperpartisan="false"/>)"
                                            : R"( hyperpartisan="true"/>)");
  }
  const ImportReport report =
      folder.import("hp", {{"articles-training.xml", articles + "</articles>"},
                           {"ground-truth-training.xml", truth + "</articles>"}});
  ASSERT_EQ(report.splits.size(), 3U);
  EXPECT_EQ(report.splits[0].num_rows, 19);  // a tenth of 25, rounded: 3 each for dev and test
  EXPECT_EQ(report.splits[1].num_rows, 3);
  EXPECT_EQ(report.splits[2].num_rows, 3);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("dealt to train, dev or test")));
  EXPECT_THAT(report.differences,
              ElementsAre(HasSubstr("expected 645 rows (false 407, true 238)")));
}

TEST(Import, SaysWhatWasLeftOutAndWhatDiffersFromThePublishedCounts) {
  ImportFolder folder;
  const ImportReport report =
      folder.import("qnli", {{"dev.tsv",
                              "index\tquestion\tsentence\tlabel\n0\tWhy?\tSo.\tentailment\n"
                              "1\tWhy?\t \tentailment\n"},
                             {"test.tsv", "index\tquestion\tsentence\n0\tWhen?\tNow.\n"}});
  EXPECT_THAT(
      report.differences,
      ElementsAre("dev: expected 5463 rows (entailment 2702, not_entailment 2761), as in "
                  "GLUE (Wang et al. 2019); found 2 rows (entailment 1, not_entailment 0)"));
  EXPECT_THAT(report.notes,
              ElementsAre(HasSubstr("test.tsv: left out, as it has no labels"),
                          HasSubstr("dev.tsv: TSV with columns \"question\", "
                                    "\"sentence\", \"label\": left out 1 row without text"),
                          HasSubstr("written as test.jsonl")));
  EXPECT_THAT(report.splits.at(0).label_counts, ElementsAre(1, 0));
}

TEST(Import, SaysWhichSplitHasNoPublishedCount) {
  ImportFolder folder;
  const auto file = folder.write({"rows.label", "NUM:dist How far is it ?\n"});
  const ImportReport report = import_data(
      {.task = "trec", .dev = {file}, .folder = folder.out(), .count_rule = CountRule::kRequire});
  EXPECT_THAT(report.notes,
              ElementsAre("dev: not compared, as no count is published for this split of trec"));
}

TEST(Import, TakesExplicitSplitsAsTheyAreGiven) {
  ImportFolder folder;
  const std::string header = "index\tsentence1\tsentence2\tlabel\n";
  const auto a = folder.write({"dev.tsv", header + "0\tA\tB\tentailment\n"});
  const auto b = folder.write({"more.tsv", header + "0\tC\tD\tentailment\n"});
  (void)import_data({.task = "rte", .dev = {a, b}, .folder = folder.out()});
  EXPECT_EQ(folder.written("rte", "dev"),
            "{\"text_a\":\"A\",\"text_b\":\"B\",\"label\":\"entailment\"}\n"
            "{\"text_a\":\"C\",\"text_b\":\"D\",\"label\":\"entailment\"}\n");
  EXPECT_EQ(folder.written("rte", "test"), "");
}

}  // namespace
}  // namespace bbprompt
