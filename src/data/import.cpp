#include "bbprompt/data/import.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "data/hyperpartisan.hpp"
#include "data/import_rows.hpp"
#include "data/published_check.hpp"
#include "data/split_files.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

// The files of one split, and whether their names alone tell so.
struct SplitFiles {
  std::vector<ImportText> texts;
  std::vector<ImportLayout> layouts;
  bool is_named = true;
};

struct ReadSplit {
  ImportRows rows;
  std::string from;
};

class Importer {
 public:
  explicit Importer(const ImportRequest& request)
      : request_(request), task_(find_known_task(request.task)) {}

  ImportReport run() {
    for (const auto& file : request_.files) add(file, std::nullopt);
    for (const auto& file : request_.train) add(file, SplitName::kTrain);
    for (const auto& file : request_.dev) add(file, SplitName::kDev);
    for (const auto& file : request_.test) add(file, SplitName::kTest);
    if (files_.empty()) throw UsageError("expected files with labels, found none");
    for (const auto& [split, files] : files_) {
      check_number(split, files);
      read(split, files);
    }
    move_listed_pairs();
    require_published();
    rename_dev();
    for (const auto& [split, read] : splits_) prepare(split, read);
    look_at_existing();
    write();
    return std::move(report_);
  }

 private:
  void add(const fs::path& file, std::optional<SplitName> split) {
    ImportText text = load_import_text(
        file, task_.name == "trec" ? Encoding8Bit::kLatin1 : Encoding8Bit::kRefuse);
    ImportLayout layout = recognise_layout(task_, text);
    if (layout.kind == LayoutKind::kIdPairs) {
      if (id_pairs_)
        throw UsageError("expected at most one list of ids, found a second: " + text.file);
      id_pairs_ = std::move(text);
      return;
    }
    const auto by_name = split ? split : split_of_name(file);
    if (layout.kind == LayoutKind::kUnlabelled) {
      leave_out(text, layout, by_name == SplitName::kTest && !split);
      return;
    }
    if (!by_name) {
      throw UsageError("expected a file name that says train, dev or test, found " + text.file +
                       "; name the split with --train, --dev or --test");
    }
    SplitFiles& files = files_[*by_name];
    files.is_named = files.is_named && !split;
    files.texts.push_back(std::move(text));
    files.layouts.push_back(std::move(layout));
  }

  // A test file of GLUE among the others is no mistake; any other file without labels is.
  void leave_out(const ImportText& text, const ImportLayout& layout, bool is_test_by_name) {
    if (!is_test_by_name) {
      const auto columns = split_fields(first_line(text), '\t');
      fail_first_line(text, "expected a column " + listed({layout.label}) + " (" + layout.name +
                                "), found the columns " + listed({columns.begin(), columns.end()}) +
                                "; GLUE publishes no test labels");
    }
    report_.notes.push_back(text.file +
                            ": left out, as it has no labels (GLUE publishes no test labels)");
  }

  // By their names alone, only parts that are known to be some make up a split.
  void check_number(SplitName split, const SplitFiles& files) const {
    const LayoutKind kind = files.layouts.front().kind;
    const bool is_in_parts = kind == LayoutKind::kXml || kind == LayoutKind::kColaTsv;
    if (files.texts.size() == 1 || !files.is_named || is_in_parts) return;
    throw UsageError("expected one file for the split " + to_string(split) + ", found " +
                     files.texts[0].file + " and " + files.texts[1].file +
                     "; name the files of each split with --train, --dev and --test");
  }

  void read(SplitName split, const SplitFiles& files) {
    std::string from;
    for (const ImportText& text : files.texts) from += (from.empty() ? "" : ", ") + text.file;
    from += ": " + files.layouts.front().name;
    ReadSplit result{.rows = {}, .from = from};
    if (files.layouts.front().kind == LayoutKind::kXml) {
      result.rows = read_hyperpartisan(task_, files.layouts.front(), files.texts);
    } else {
      for (std::size_t i = 0; i < files.texts.size(); ++i) {
        ImportRows more = read_import_rows(task_, files.layouts[i], files.texts[i]);
        for (ImportRow& row : more.rows) row.file = i;
        std::move(more.rows.begin(), more.rows.end(), std::back_inserter(result.rows.rows));
        result.rows.num_blank += more.num_blank;
        result.rows.num_unagreed += more.num_unagreed;
      }
    }
    note_left_out(from, result.rows);
    const bool is_undivided = files.layouts.front().kind == LayoutKind::kXml &&
                              split == SplitName::kTrain && files_.size() == 1;
    if (is_undivided) {
      deal(files, std::move(result));
    } else {
      splits_.emplace(split, std::move(result));
    }
  }

  void note_left_out(const std::string& from, const ImportRows& rows) {
    if (rows.num_blank > 0) {
      report_.notes.push_back(from + ": left out " + plural(rows.num_blank, "row") +
                              " without text");
    }
    if (rows.num_unagreed > 0) {
      report_.notes.push_back(from + ": left out " + plural(rows.num_unagreed, "row") +
                              " without an agreed label (-)");
    }
  }

  void deal(const SplitFiles& files, ReadSplit all) {
    if (all.rows.rows.size() < kMinDealtRows) {
      throw DataError(files.texts.front().file, 0,
                      "expected at least " + std::to_string(kMinDealtRows) +
                          " articles with text to deal to train, dev and test, found " +
                          std::to_string(all.rows.rows.size()) +
                          "; or name files of the dev or test split, and nothing is dealt");
    }
    compare_published(task_, "all", all.rows, report_.differences, report_.notes);
    is_compared_ = true;
    DealtRows dealt = deal_by_text(std::move(all.rows.rows));
    report_.notes.push_back(all.from +
                            ": no official splits; each row is dealt to train, dev or test by "
                            "the SHA-256 of its text");
    splits_[SplitName::kTrain] = {.rows = {.rows = std::move(dealt.train)}, .from = all.from};
    splits_[SplitName::kDev] = {.rows = {.rows = std::move(dealt.dev)}, .from = all.from};
    splits_[SplitName::kTest] = {.rows = {.rows = std::move(dealt.test)}, .from = all.from};
  }

  // GLUE's dev set of MRPC is a list of pairs of the MSR train file.
  void move_listed_pairs() {
    if (!id_pairs_) return;
    const auto train = splits_.find(SplitName::kTrain);
    if (train == splits_.end() || splits_.contains(SplitName::kDev)) {
      throw UsageError("expected a train file and no dev file together with " + id_pairs_->file +
                       ", which lists the pairs of the train file that are dev");
    }
    const auto listed_ids = read_id_pairs(*id_pairs_);
    const std::set<std::string> ids(listed_ids.begin(), listed_ids.end());
    std::map<std::string, ImportRow> found;
    std::vector<ImportRow> kept;
    ReadSplit dev{.rows = {}, .from = train->second.from + ", pairs of " + id_pairs_->file};
    for (ImportRow& row : train->second.rows.rows) {
      if (!ids.contains(row.id)) {
        kept.push_back(std::move(row));
        continue;
      }
      const auto [first, is_first] = found.emplace(row.id, row);
      if (!is_first) refuse_other_pair(first->second, row);
      dev.rows.rows.push_back(std::move(row));
    }
    const auto missing = std::find_if(ids.begin(), ids.end(),
                                      [&](const std::string& id) { return !found.contains(id); });
    if (missing != ids.end()) {
      throw DataError(id_pairs_->file, 0,
                      "expected pairs of the train file, found " +
                          plural(static_cast<std::int64_t>(ids.size() - found.size()), "pair") +
                          " not in it, such as " + *missing);
    }
    train->second.rows.rows = std::move(kept);
    splits_.emplace(SplitName::kDev, std::move(dev));
  }

  // Repeats of a pair go to dev together; one that is another pair makes its ids unclear.
  void refuse_other_pair(const ImportRow& first, const ImportRow& second) const {
    if (first.text_a == second.text_a && first.text_b == second.text_b &&
        first.label == second.label) {
      return;
    }
    const auto& texts = files_.at(SplitName::kTrain).texts;
    fail_line(texts.at(second.file), second.line,
              "expected the pair of line " + std::to_string(first.line) + " of " +
                  texts.at(first.file).file + ", which has the ids \"" + printable(first.id) +
                  "\" too, found another text or label; " + id_pairs_->file +
                  " lists these ids as dev, and it is not clear which of the two it means: remove "
                  "one of them");
  }

  void require_published() {
    if (!is_compared_) {
      for (const auto& [split, read] : splits_) {
        compare_published(task_, to_string(split), read.rows, report_.differences, report_.notes);
      }
    }
    if (request_.count_rule != CountRule::kRequire || report_.differences.empty()) return;
    std::string message = "expected the published counts (--strict), found";
    for (const auto& difference : report_.differences) message += "\n  " + difference;
    throw DataError(folder().string(), 0, message + "\nnothing was written");
  }

  void rename_dev() {
    const bool is_named = files_.contains(SplitName::kDev) && files_.at(SplitName::kDev).is_named;
    if (!task_.is_tested_on_dev || !is_named || splits_.contains(SplitName::kTest)) return;
    auto dev = splits_.extract(SplitName::kDev);
    dev.key() = SplitName::kTest;
    report_.notes.push_back(dev.mapped().from +
                            ": written as test.jsonl, because GLUE keeps its test labels secret "
                            "and papers test on its dev set");
    splits_.insert(std::move(dev));
  }

  void prepare(SplitName split, const ReadSplit& read) {
    ImportedSplit prepared{.name = to_string(split),
                           .file = folder() / (to_string(split) + ".jsonl"),
                           .from = read.from,
                           .num_rows = static_cast<std::int64_t>(read.rows.rows.size()),
                           .label_counts = std::vector<std::int64_t>(task_.labels.size(), 0)};
    std::string lines;
    for (const ImportRow& row : read.rows.rows) {
      ++prepared.label_counts.at(row.label);
      nlohmann::ordered_json object = {{"text_a", row.text_a}};
      if (task_.is_pair) object["text_b"] = row.text_b;
      object["label"] = task_.labels[row.label];
      lines += object.dump() + '\n';
    }
    lines_.push_back(std::move(lines));
    report_.splits.push_back(std::move(prepared));
  }

  void look_at_existing() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const fs::path& file = report_.splits[i].file;
      if (request_.existing == ExistingFiles::kReplace || !fs::exists(file)) continue;
      if (read_file(file) == lines_[i]) continue;
      throw DataError(file.string(), 0,
                      "expected no file, or one with the imported rows, found other rows; nothing "
                      "was written. Choose another folder with --out, or replace the data set with "
                      "--overwrite");
    }
    for (const SplitName split : {SplitName::kTrain, SplitName::kDev, SplitName::kTest}) {
      const fs::path file = folder() / (to_string(split) + ".jsonl");
      if (splits_.contains(split) || !fs::exists(file)) continue;
      report_.notes.push_back(file.string() + ": left as it was; it is not part of this import");
    }
  }

  void write() {
    std::error_code status;
    fs::create_directories(folder(), status);
    if (status) {
      throw StoreError(folder().string(), "cannot create the folder: " + status.message());
    }
    for (std::size_t i = 0; i < lines_.size(); ++i) replace_file(report_.splits[i].file, lines_[i]);
  }

  [[nodiscard]] fs::path folder() const { return request_.folder / task_.name; }

  const ImportRequest& request_;
  const KnownTask& task_;
  std::map<SplitName, SplitFiles> files_;
  std::optional<ImportText> id_pairs_;
  std::map<SplitName, ReadSplit> splits_;
  bool is_compared_ = false;
  ImportReport report_;
  std::vector<std::string> lines_;  // of each of report_.splits
};

}  // namespace

ImportReport import_data(const ImportRequest& request) { return Importer(request).run(); }

}  // namespace bbprompt
