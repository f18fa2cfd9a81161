#pragma once

#include <filesystem>
#include <string>

#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// What was really asked of the model, for an audit of what was paid: one line of JSON for every
// work item that this process evaluated, appended to FOLDER/HOST-PID.jsonl by a single write, so
// that a kill cuts no line. Results that come from a cache or a checkpoint have no line.
//
//   {"time":"2026-01-31T12:00:00Z","trial":"sst2-soft-s1","group":4,"candidate":0,"split":"train",
//    "begin":0,"end":16,"point":"<SHA-256>","status":"ok","queries":16,"calls":1,"tokens":610,
//    "seconds":0.25}
//
// `group` counts the trial's groups since the process of the master began; `point` is the hash of
// the candidate's numbers, "manual" for the written prompt; `error` follows where the status is
// "failed".
class QueryLog {
 public:
  // Creates the folder. Throws StoreError when it cannot be written.
  explicit QueryLog(const std::filesystem::path& folder);
  QueryLog(const QueryLog&) = delete;
  QueryLog& operator=(const QueryLog&) = delete;
  ~QueryLog();

  // A line that cannot be written (full disk) is told in the log, once.
  void add(const std::string& trial, const WorkItem& item, const WorkResult& result);

 private:
  std::filesystem::path path_;
  int file_ = -1;
  bool has_failed_ = false;
};

}  // namespace bbprompt
