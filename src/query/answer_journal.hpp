#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include "query/question.hpp"

namespace bbprompt {

// Answers of a server, by the request that got them, so that none is paid for twice: not within a
// process, and not by a run that goes on after a kill. With a folder every answer is on disk before
// it counts: each rank appends lines to a file of its own there, and reads those of all ranks at
// its start. A line that was cut by a kill is left out.
class AnswerJournal {
 public:
  // An empty folder: remembers in memory alone. Throws StoreError for a file that cannot be read or
  // written.
  AnswerJournal(std::filesystem::path folder, int rank);
  AnswerJournal(const AnswerJournal&) = delete;
  AnswerJournal& operator=(const AnswerJournal&) = delete;
  ~AnswerJournal();

  // Names a request; equal ones alone have equal names.
  [[nodiscard]] static std::string name_of(std::string_view path, std::string_view body);

  // Null where the request is not known. The pointer lives until the next call.
  [[nodiscard]] const RouteReply* find(const std::string& name) const;

  void add(const std::string& name, const RouteReply& reply);

  [[nodiscard]] std::size_t size() const { return replies_.size(); }

 private:
  void read(const std::filesystem::path& file);
  void open(const std::filesystem::path& file);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::unordered_map<std::string, RouteReply> replies_;
};

}  // namespace bbprompt
