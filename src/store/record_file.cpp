#include "store/record_file.hpp"

#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/store/digest.hpp"
#include "store/h5_file.hpp"
#include "store/record_check.hpp"
#include "store/record_reader.hpp"
#include "store/record_schema.hpp"
#include "store/record_writer.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

static_assert(kUserBlockBytes == kSealBytes);

void write_trial_group(const H5Group& parent, const TrialRecord& trial) {
  check_trial(parent.place().path, trial);
  const H5Group group = parent.create_group(trial.id);
  RecordWriter writer(group);
  describe(writer, trial);
  group.write_attribute("digest", digest(trial));
}

void expect_digest(const H5Group& group, const std::string& found) {
  std::string expected;
  group.read_attribute("digest", expected);
  if (expected != found) {
    h5_refuse(group.place("digest"), "expected " + expected + ", found contents of digest " +
                                         found +
                                         "; the file was changed by hand, or by another program");
  }
}

TrialRecord read_trial_group(const H5Group& parent, const std::string& id, RecordDetail detail) {
  const H5Group group = parent.open_group(id);
  TrialRecord trial;
  RecordReader reader(group, detail);
  describe(reader, trial);
  if (trial.id != id) {
    h5_refuse(group.place("id"),
              "expected the group's name, found \"" + printable(trial.id) + "\"");
  }
  check_trial(parent.place().path, trial);
  if (detail == RecordDetail::kWhole) expect_digest(group, digest(trial));
  return trial;
}

}  // namespace

std::string build_record_file(const fs::path& path, FileKind kind, const H5Walk& fill) {
  H5File file(path);
  {
    const H5Group root = file.root();
    root.write_attribute("schema", std::int64_t{kSchemaVersion});
    root.write_attribute("kind", to_string(kind));
    fill(root);
  }
  std::string bytes = file.finish();
  seal(bytes, kind);
  return bytes;
}

void read_record_file(const fs::path& path, FileKind kind, const H5Walk& walk) {
  const std::string bytes = read_regular_file(path);
  verify_seal(path, bytes, kind);
  const H5File file(path, bytes);
  walk(file.root());
}

void write_trials(const H5Group& root, std::span<const TrialRecord> trials) {
  std::vector<std::string> ids;
  const H5Group group = root.create_group("trials");
  for (const TrialRecord& trial : trials) {
    write_trial_group(group, trial);
    ids.push_back(trial.id);
  }
  root.write_texts("trial_order", ids);
}

std::vector<TrialRecord> read_trials(const H5Group& root, RecordDetail detail) {
  const std::vector<std::string> ids = root.read_texts("trial_order");
  const H5Group group = root.open_group("trials");
  const std::size_t num_groups = group.num_children();
  if (num_groups != ids.size()) {
    h5_refuse(group.place(), "expected the " + std::to_string(ids.size()) +
                                 " trials of /trial_order, found " + std::to_string(num_groups));
  }
  std::set<std::string> seen;
  std::vector<TrialRecord> trials;
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) {
      h5_refuse(root.place("trial_order"), "names \"" + printable(id) + "\" twice");
    }
    trials.push_back(read_trial_group(group, id, detail));
  }
  return trials;
}

void write_run(const H5Group& root, const Results& results) {
  {
    const H5Group group = root.create_group("run");
    RecordWriter writer(group);
    describe(writer, results.run);
  }
  write_trials(root, results.trials);
  root.write_attribute("digest", digest(results));
}

Results read_run_and_trials(const H5Group& root, RecordDetail detail) {
  Results results;
  const H5Group group = root.open_group("run");
  RecordReader reader(group);
  describe(reader, results.run);
  results.trials = read_trials(root, detail);
  if (detail == RecordDetail::kWhole) expect_digest(root, digest(results));
  return results;
}

}  // namespace bbprompt
