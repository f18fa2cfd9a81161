#include "bbprompt/run/query_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

std::string file_name() { return host_name() + "-" + std::to_string(::getpid()) + ".jsonl"; }

std::string to_string(WorkResult::State state) {
  switch (state) {
    case WorkResult::State::kScored:
      return "ok";
    case WorkResult::State::kFailed:
      return "failed";
    case WorkResult::State::kDeferred:
      return "deferred";
  }
  throw Error("unknown state " + std::to_string(static_cast<int>(state)));
}

std::string hash_of(const WorkItem& item) {
  if (item.kind == WorkItem::Kind::kManual) return "manual";
  if (item.kind == WorkItem::Kind::kLayerScales) return "layer scales";
  Sha256 hash;
  hash.update(std::as_bytes(std::span(item.point)));
  return hash.hex_digest();
}

}  // namespace

QueryLog::QueryLog(const std::filesystem::path& folder) : path_(folder / file_name()) {
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  if (!status) file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) {
    throw StoreError(path_.string(), "cannot write the log of queries: " +
                                         (status ? status.message() : std::strerror(errno)) +
                                         "; choose another folder with --query-log");
  }
}

QueryLog::~QueryLog() {
  if (file_ >= 0) ::close(file_);
}

void QueryLog::add(const std::string& trial, const WorkItem& item, const WorkResult& result) {
  nlohmann::ordered_json line = {
      {"time", utc_now()},
      {"trial", trial},
      {"group", item.group},
      {"candidate", item.member},
      {"split", to_string(item.split)},
      {"begin", item.begin},
      {"end", item.end},
      {"point", hash_of(item)},
      {"status", to_string(result.state)},
  };
  for (const UsageCounter& counter : kUsageCounters)
    line[std::string(counter.name)] = result.usage.*counter.value;
  line["seconds"] = result.seconds;
  if (!result.ok()) line["error"] = printable(result.error, 500);
  const std::string text = line.dump() + '\n';
  const auto written = ::write(file_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size()) || has_failed_) return;
  has_failed_ = true;
  logger()->warn("{}: the log of queries is not complete: {}", path_.string(),
                 written < 0 ? std::strerror(errno) : "a line was cut");
}

}  // namespace bbprompt
