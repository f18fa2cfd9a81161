#include "query/answer_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/sha256.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

constexpr std::string_view kEnding = ".jsonl";

json to_json(const std::string& name, const RouteReply& reply) {
  json parts = json::array();
  for (const ScorePart& part : reply.parts)
    parts.push_back({part.query, part.answer, part.value, static_cast<int>(part.state)});
  return {{"request", name},
          {"parts", std::move(parts)},
          {"tokens", {reply.usage.prompt_tokens, reply.usage.completion_tokens}}};
}

RouteReply reply_of(const json& line) {
  RouteReply reply;
  for (const json& part : line.at("parts")) {
    const int state = part.at(3).get<int>();
    if (state < 0 || state > static_cast<int>(ScoreState::kUnknown))
      throw Error("an unknown state of a score");
    reply.parts.push_back({.query = part.at(0).get<std::size_t>(),
                           .answer = part.at(1).get<std::size_t>(),
                           .value = part.at(2).get<double>(),
                           .state = static_cast<ScoreState>(state)});
  }
  reply.usage = {.prompt_tokens = line.at("tokens").at(0).get<std::int64_t>(),
                 .completion_tokens = line.at("tokens").at(1).get<std::int64_t>()};
  return reply;
}

}  // namespace

AnswerJournal::AnswerJournal(std::filesystem::path folder, int rank) {
  if (folder.empty()) return;
  std::filesystem::create_directories(folder);
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == kEnding) files.insert(entry.path());
  }
  for (const auto& file : files) read(file);
  open(folder / ("rank-" + std::to_string(rank) + std::string(kEnding)));
}

AnswerJournal::~AnswerJournal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string AnswerJournal::name_of(std::string_view path, std::string_view body) {
  return sha256_hex(std::string(path) + '\n' + std::string(body));
}

// What follows the last line end was cut by a kill, or is being written by another rank.
void AnswerJournal::read(const std::filesystem::path& file) {
  const std::string text = read_regular_file(file);
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1) {
    try {
      const json line = parse_json(std::string_view(text).substr(begin, end - begin));
      replies_.insert_or_assign(line.at("request").get<std::string>(), reply_of(line));
    } catch (const std::exception&) {
      continue;  // a damaged line: its request is asked again
    }
  }
}

void AnswerJournal::open(const std::filesystem::path& file) {
  file_ = file;
  descriptor_ = open_own_file(file, O_WRONLY | O_CREAT | O_APPEND);
  // A cut line of an earlier process must not swallow the next one.
  if (::write(descriptor_, "\n", 1) != 1)
    throw StoreError(file.string(), std::string("cannot be written: ") + std::strerror(errno));
}

const RouteReply* AnswerJournal::find(const std::string& name) const {
  const auto found = replies_.find(name);
  return found == replies_.end() ? nullptr : &found->second;
}

void AnswerJournal::add(const std::string& name, const RouteReply& reply) {
  replies_.insert_or_assign(name, reply);
  if (descriptor_ < 0) return;
  const std::string line = to_json(name, reply).dump() + '\n';
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t size = ::write(descriptor_, line.data() + done, line.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      throw StoreError(file_.string(), std::string("cannot be written: ") + std::strerror(errno));
    done += static_cast<std::size_t>(size);
  }
}

}  // namespace bbprompt
