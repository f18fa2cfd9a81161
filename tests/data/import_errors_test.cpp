#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/data/import.hpp"
#include "tests/data/import_support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::ImportFolder;
using testing::NamedText;
using ::testing::Not;

struct ErrorCase {
  std::string name;
  std::string task;
  std::vector<NamedText> files;
  std::string file;  // the one at fault; empty: a question of usage
  std::string message;

  friend std::ostream& operator<<(std::ostream& out, const ErrorCase& error) {
    return out << error.name;
  }
};

const std::string kRteHeader = "index\tsentence1\tsentence2\tlabel\n";
const std::string kMsrHeader = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";
const std::string kTruth =
    "<articles>\n<article id=\"1\" hyperpartisan=\"true\"/>\n"
    "<article id=\"2\" hyperpartisan=\"false\"/>\n</articles>\n";
const std::string kArticle1 = "<articles>\n<article id=\"1\"><p>x</p></article>\n";
const std::string kArticle2 = "<article id=\"2\"><p>y</p></article>\n</articles>\n";

const std::vector<ErrorCase> kErrors = {
    {"AnotherTasksFile",
     "qnli",
     {{"train.tsv", kMsrHeader + "1\t1\t2\ta\tb\n"}},
     "train.tsv",
     "line 1: expected a layout of qnli (TSV with columns \"question\", \"sentence\", \"label\"; "
     "JSON lines with keys \"text_a\", \"text_b\", \"label\"), found \"Quality\\t#1 ID\\t#2 "
     "ID\\t#1 String\\t#2 String\"; files of mrpc look like that"},
    {"MnliTextAsSnli",
     "snli",
     {{"train.tsv",
       "index\tpromptID\tpairID\tgenre\tsentence1\tsentence2\tlabel1\tgold_label\n"
       "0\t1\t1n\tfiction\tA\tB\tneutral\tneutral\n"}},
     "train.tsv",
     "line 1: expected a file of snli, found a column or key \"genre\", which files of mnli have; "
     "import it as "
     "mnli"},
    {"SnliTextAsMnli",
     "mnli",
     {{"snli_1.0_dev.txt",
       "gold_label\tsentence1\tsentence2\tcaptionID\tpairID\nneutral\tA\tB\t1.jpg#1\t1n\n"}},
     "snli_1.0_dev.txt",
     "line 1: expected a file of mnli, found a column or key \"captionID\", which files of snli "
     "have"},
    {"SnliJsonLinesAsMnli",
     "mnli",
     {{"snli_1.0_dev.jsonl",
       "{\"captionID\": \"1.jpg#1\", \"gold_label\": \"neutral\", \"sentence1\": \"A\", "
       "\"sentence2\": \"B\"}\n"}},
     "snli_1.0_dev.jsonl",
     "line 1: expected a file of mnli, found a column or key \"captionID\""},
    {"NoDataAtAll", "trec", {{"train.txt", "Dear all,\n"}}, "train.txt", "found \"Dear all,\""},
    {"EmptyFile", "trec", {{"train.txt", "\n"}}, "train.txt", "the file is empty"},
    {"HeaderAlone", "rte", {{"train.tsv", kRteHeader}}, "train.tsv", "expected rows, found none"},
    {"LabelColumnOfAnotherName",
     "rte",
     {{"train.tsv", "index\tsentence1\tsentence2\tlabels\n0\tA\tB\tentailment\n"},
      {"dev.tsv", kRteHeader + "0\tA\tB\tentailment\n"}},
     "train.tsv",
     "line 1: expected a column \"label\" (TSV with columns \"sentence1\", \"sentence2\", "
     "\"label\"), found the columns \"index\", \"sentence1\", \"sentence2\", \"labels\"; GLUE"},
    {"Sst2AsCola",
     "cola",
     {{"train.tsv", "sentence\tlabel\ngood fun\t1\n"}},
     "train.tsv",
     "found \"sentence\\tlabel\"; files of sst2 look like that"},
    {"CarriageReturnsAlone",
     "rte",
     {{"train.tsv", "index\tsentence1\tsentence2\tlabel\r0\tA\tB\tentailment\r"}},
     "train.tsv",
     "line 1: expected lines that end with LF or CRLF, found lines that end with CR alone"},
    {"ColumnThatStandsTwice",
     "rte",
     {{"train.tsv", "index\tsentence1\tsentence1\tsentence2\tlabel\n0\tA\tB\tC\tentailment\n"}},
     "train.tsv",
     R"(line 1: expected one column "sentence1", found 2 in "index\tsentence1\tsentence1)"},
    {"TooFewColumns",
     "rte",
     {{"train.tsv", kRteHeader + "0\tA\tentailment\n1\tA\tB\tentailment\n"}},
     "train.tsv",
     "line 2: expected 4 columns, found 3"},
    {"LineNumbersBelowBlankLines",
     "rte",
     {{"train.tsv", "\n\n" + kRteHeader + "0\tA\tentailment\n1\tA\tB\tentailment\n"}},
     "train.tsv",
     "line 4: expected 4 columns, found 3"},
    {"LineNumbersOfCsvBelowBlankLines",
     "agnews",
     {{"train.csv", "\n\n1,T,D\n1,D\n"}},
     "train.csv",
     "line 4: expected 3 columns, found 2"},
    {"AnotherTasksFileBelowBlankLines",
     "qnli",
     {{"train.tsv", "\n\n" + kMsrHeader + "1\t1\t2\ta\tb\n"}},
     "train.tsv",
     "line 3: expected a layout of qnli"},
    {"HalfALastLine",
     "rte",
     {{"train.tsv", kRteHeader + "0\tA\tB\tentailment\n1\tA\tB"}},
     "train.tsv",
     "line 3: expected 4 columns, found 3; this is the last line: was the file cut short?"},
    {"HalfALabel",
     "rte",
     {{"train.tsv", kRteHeader + "0\tA\tB\tentailment\n1\tA\tB\tnot_ent"}},
     "train.tsv",
     R"(line 3: expected a label of rte ("entailment", "not_entailment"), found "not_ent")"},
    {"HalfATextAtTheEnd",
     "mrpc",
     {{"train.tsv", kMsrHeader + "1\t1\t2\tabc\tab"}},
     "train.tsv",
     "line 2: expected a line end after the last row"},
    {"HalfASentenceOfCola",
     "cola",
     {{"train.tsv", "gj\t1\t\tA.\ngj\t1\t\tTh"}},
     "train.tsv",
     "line 2: expected a line end after the last row"},
    {"LabelOfAnotherSet",
     "cola",
     {{"train.tsv", "gj\t1\t\tA.\ngj\t2\t\tB.\n"}},
     "train.tsv",
     R"(line 2: expected a label of cola ("unacceptable", "acceptable", "0", "1"), found "2")"},
    {"LabelThatOnlySnliAndMnliLeaveOut",
     "rte",
     {{"train.tsv", kRteHeader + "0\tA\tB\tentailment\n1\tC\tD\t-\n"}},
     "train.tsv",
     R"(line 3: expected a label of rte ("entailment", "not_entailment"), found "-")"},
    {"HalfAJsonLine",
     "ci",
     {{"train.jsonl", "{\"text\": \"a\", \"label\": \"Uses\"}\n{\"text\": \"b\", \"la"}},
     "train.jsonl",
     "this is the last line: was the file cut short?"},
    {"JsonOverSeveralLines",
     "ci",
     {{"train.json", "{\n \"text\": \"a\"}\n"}},
     "train.json",
     "line 1: "},
    {"KeyMissingLater",
     "ci",
     {{"train.jsonl", "{\"text\": \"a\", \"label\": \"Uses\"}\n{\"text\": \"a\"}\n\n{}\n"}},
     "train.jsonl",
     "line 2: expected a key \"label\", found none"},
    {"SentenceOutsideOfAnAbstract",
     "rct",
     {{"train.txt", "###1\nMETHODS\tA .\n\nMETHODS\tB .\n"}},
     "train.txt",
     R"(line 4: expected ###id, found "METHODS\tB .")"},
    {"AbstractCutBehindItsNumber",
     "rct",
     {{"train.txt", "###1\nMETHODS\tA .\n\n###2\n"}},
     "train.txt",
     "line 4: expected the sentences of an abstract, found none"},
    {"QuoteLeftOpen",
     "agnews",
     {{"train.csv", "\"1\",\"T\",\"D\"\n\"2\",\"T\",\"D and"}},
     "train.csv",
     "line 2: a quote is left open to the end of the file; was the file cut short?"},
    {"CsvOfOtherWidth",
     "agnews",
     {{"train.csv", "1,D\n"}},
     "train.csv",
     "line 1: expected 3 columns, found 2"},
    {"XmlCutWithinAnArticle",
     "hp",
     {{"train-articles.xml", kArticle1 + "<article id=\"2\"><p>y"}, {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "line 3: expected well-formed XML, found: "},
    {"XmlCutWithinAnAttribute",
     "hp",
     {{"train-articles.xml", kArticle1 + "<article id=\"2\" title=\"A title that goes on"},
      {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "line 3: expected well-formed XML, found: Error parsing element attribute; was the file cut "
     "short?"},
    {"TooFewArticlesToDeal",
     "hp",
     {{"train-articles.xml", kArticle1 + kArticle2}, {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "expected at least 5 articles with text to deal to train, dev and test, found 2"},
    {"XmlCutBetweenArticles",
     "hp",
     {{"train-articles.xml", kArticle1}, {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "was the file cut short?"},
    {"ArticleMissing",
     "hp",
     {{"train-articles.xml", kArticle1 + "</articles>"}, {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "found no article 2; was the file cut short?"},
    {"ArticleWithoutTruth",
     "hp",
     {{"train-articles.xml", kArticle1 + "<article id=\"3\">z</article>\n" + kArticle2},
      {"train-truth.xml", kTruth}},
     "train-articles.xml",
     "line 3: article 3 is there twice, or has no ground truth in "},
    {"TwoFilesOfArticles",
     "hp",
     {{"train-a.xml", kArticle1 + kArticle2}, {"train-b.xml", kArticle1 + kArticle2}},
     "train-b.xml",
     "expected ground truth for "},
    {"ArticlesAlone",
     "hp",
     {{"train-a.xml", kArticle1 + kArticle2}},
     "train-a.xml",
     "expected two XML files per split, articles and ground truth, found 1"},
    {"BytesThatAreNoUtf8",
     "rte",
     {{"train.tsv", kRteHeader + "0\tA\xff\tB\tentailment\n"}},
     "train.tsv",
     "line 2: expected UTF-8, found an invalid byte; convert the file to UTF-8"},
    {"NulBytes",
     "rte",
     {{"train.tsv", kRteHeader + std::string("0\tA\0\tB\tentailment\n", 18)}},
     "train.tsv",
     "line 2: expected text, found a NUL byte"},
    {"ListOfIdsThatAreNotInTrain",
     "mrpc",
     {{"train.tsv", kMsrHeader + "1\t1\t2\ta\tb\n"}, {"dev_ids.tsv", "3\t4\n"}},
     "dev_ids.tsv",
     "found 1 pair not in it, such as 3\t4"},
    {"ListedIdsOfTwoPairs",
     "mrpc",
     {{"train.tsv", kMsrHeader + "1\t1\t2\ta\tb\n0\t3\t4\tc\td\n1\t1\t2\ta\tx\n"},
      {"dev_ids.tsv", "1\t2\n"}},
     "train.tsv",
     R"(/train.tsv, which has the ids "1\t2" too, found another text or label; )"},
    {"UnknownTask",
     "mprc",
     {},
     "",
     "unknown data set \"mprc\"; expected one of mrpc, qnli, cola, rte"},
    {"NoFiles", "rte", {}, "", "expected files with labels, found none"},
    {"UnclearSplit",
     "rte",
     {{"rows.tsv", kRteHeader + "0\tA\tB\tentailment\n"}},
     "",
     "name the split with --train, --dev or --test"},
    {"TwoFilesOfOneSplit",
     "rte",
     {{"dev.tsv", kRteHeader + "0\tA\tB\tentailment\n"},
      {"valid.tsv", kRteHeader + "0\tA\tB\tentailment\n"}},
     "",
     "name the files of each split with --train, --dev and --test"},
};

class ImportErrors : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ImportErrors, NameFileAndLineAndLeaveNothingBehind) {
  ImportFolder folder;
  try {
    (void)folder.import(GetParam().task, GetParam().files);
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_EQ(error.file(), folder.path(GetParam().file)) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  } catch (const UsageError& error) {
    EXPECT_EQ(GetParam().file, "");
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.out()));
}

INSTANTIATE_TEST_SUITE_P(Data, ImportErrors, ::testing::ValuesIn(kErrors),
                         [](const auto& tested) { return tested.param.name; });

TEST(ImportRefusal, RequiredCountsThatDifferAreListedAndNothingIsWritten) {
  ImportFolder folder;
  const auto file = folder.write({"train.tsv", kRteHeader + "0\tA\tB\tentailment\n"});
  try {
    (void)import_data({.task = "rte",
                       .files = {file},
                       .folder = folder.out(),
                       .count_rule = CountRule::kRequire});
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("train: expected 2490 rows (entailment 1249, "
                                        "not_entailment 1241)"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.out()));
}

TEST(ImportRefusal, ATestFileOfGlueIsHeldAgainstThePublishedDevCount) {
  ImportFolder folder;
  const auto file = folder.write({"train.tsv", kRteHeader + "0\tA\tB\tentailment\n"});
  try {
    (void)import_data(
        {.task = "rte", .test = {file}, .folder = folder.out(), .count_rule = CountRule::kRequire});
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("test: expected 277 rows (entailment 146, not_entailment 131), as in "
                          "GLUE (Wang et al. 2019), dev; found 1 row"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.out()));
}

TEST(ImportRefusal, IdsOfTwoPairsAreNamedWithFileAndLineOfBoth) {
  ImportFolder folder;
  const auto a = folder.write({"a.tsv", kMsrHeader + "1\t1\t2\ta\tb\n"});
  const auto b = folder.write({"b.tsv", kMsrHeader + "0\t3\t4\tc\td\n0\t1\t2\ta\tb\n"});
  const auto ids = folder.write({"dev_ids.tsv", "1\t2\n"});
  try {
    (void)import_data({.task = "mrpc", .files = {ids}, .train = {a, b}, .folder = folder.out()});
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_EQ(error.file(), b.string());
    EXPECT_THAT(error.what(), HasSubstr("line 3: expected the pair of line 2 of " + a.string()));
  }
}

TEST(ImportRefusal, XmlThatIsBrokenButWholeIsNotCalledCut) {
  ImportFolder folder;
  const std::string broken = kArticle1 + "<article id=2><p>y</p></article>\n</articles>\n";
  try {
    (void)folder.import("hp", {{"train-articles.xml", broken}, {"train-truth.xml", kTruth}});
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 3: expected well-formed XML"));
    EXPECT_THAT(error.what(), Not(HasSubstr("cut short")));
  }
}

TEST(ImportRefusal, NothingIsWrittenWhereOneFileIsThereWithOtherRows) {
  ImportFolder folder;
  std::filesystem::create_directories(folder.out() / "rte");
  std::ofstream(folder.out() / "rte/test.jsonl") << "mine\n";
  const auto file = folder.write({"train.tsv", kRteHeader + "0\tA\tB\tentailment\n"});
  ImportRequest request = {.task = "rte", .train = {file}, .test = {file}, .folder = folder.out()};
  EXPECT_THROW((void)import_data(request), DataError);
  EXPECT_EQ(folder.written("rte", "train"), "");
  EXPECT_EQ(folder.written("rte", "test"), "mine\n");
  request.existing = ExistingFiles::kReplace;
  (void)import_data(request);
  EXPECT_EQ(folder.written("rte", "test"), folder.written("rte", "train"));
}

TEST(ImportRefusal, ATestFileWithoutLabelsIsRefusedWhereItIsAskedFor) {
  ImportFolder folder;
  const auto file = folder.write({"test.tsv", "index\tsentence1\tsentence2\n0\tA\tB\n"});
  EXPECT_THROW((void)import_data({.task = "rte", .test = {file}, .folder = folder.out()}),
               DataError);
}

}  // namespace
}  // namespace bbprompt
