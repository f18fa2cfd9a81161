#include "bbprompt/store/checkpoint_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "bbprompt/base/blocked_signals.hpp"
#include "bbprompt/base/disk_full.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "store/checkpoint_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;

class CheckpointWriter::Thread {
 public:
  explicit Thread(const Limits& limits) : limits_(limits) {
    const BlockedSignals blocked;
    thread_ = std::thread([this] { work(); });
  }

  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  ~Thread() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void put(const fs::path& path, std::string bytes, std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return waiting_.empty() || num_waiting_bytes_ + bytes.size() <= limits_.waiting_bytes;
    });
    Tickets tickets = drop(path);
    if (const auto failed = failed_.extract(path); !failed.empty())
      tickets.insert(tickets.begin(), failed.mapped().begin(), failed.mapped().end());
    tickets.push_back(ticket);
    num_waiting_bytes_ += bytes.size();
    waiting_.emplace(path, Waiting{.bytes = std::move(bytes), .tickets = std::move(tickets)});
    order_.push_back(path);
    changed_.notify_all();
  }

  // Afterwards the thread has nothing to do with the file.
  void forget(const fs::path& path) {
    std::unique_lock lock(mutex_);
    (void)drop(path);
    failed_.erase(path);
    changed_.wait(lock, [&] { return writing_ != path; });
    failed_.erase(path);
    changed_.notify_all();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.empty() && writing_.empty(); });
  }

  [[nodiscard]] bool has_failed(const fs::path& path) {
    const std::lock_guard lock(mutex_);
    return failed_.contains(path);
  }

  [[nodiscard]] std::vector<CheckpointProblem> take_problems() {
    const std::lock_guard lock(mutex_);
    return std::exchange(problems_, {});
  }

  [[nodiscard]] std::vector<std::uint64_t> take_written() {
    const std::lock_guard lock(mutex_);
    return std::exchange(written_, {});
  }

 private:
  using Tickets = std::vector<std::uint64_t>;
  struct Waiting {
    std::string bytes;
    Tickets tickets;  // its own, and those of the ones it replaced
  };

  Tickets drop(const fs::path& path) {
    auto found = waiting_.extract(path);
    if (found.empty()) return {};
    num_waiting_bytes_ -= found.mapped().bytes.size();
    order_.erase(std::find(order_.begin(), order_.end(), path));
    return std::move(found.mapped().tickets);
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return is_ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      writing_ = order_.front();
      order_.pop_front();
      auto node = waiting_.extract(writing_);
      num_waiting_bytes_ -= node.mapped().bytes.size();
      lock.unlock();
      const auto [problem, has_failed, is_disk_full] = place(node.key(), node.mapped().bytes);
      lock.lock();
      if (problem) {
        problems_.push_back({.trial = trial_of(writing_),
                             .reason = *problem,
                             .is_written = !has_failed,
                             .is_disk_full = is_disk_full});
      }
      settle(node.key(), std::move(node.mapped().tickets), has_failed);
      writing_.clear();
      changed_.notify_all();
    }
  }

  // A newer one may wait by now, and takes over the tickets of one that failed.
  void settle(const fs::path& path, Tickets tickets, bool has_failed) {
    const auto newer = waiting_.find(path);
    Tickets& place = !has_failed               ? written_
                     : newer != waiting_.end() ? newer->second.tickets
                                               : failed_[path];
    place.insert(place.end(), tickets.begin(), tickets.end());
  }

  static std::string trial_of(const fs::path& path) { return path.stem().stem().string(); }

  struct Outcome {
    std::optional<std::string> problem;  // nothing: all is well
    bool has_failed = false;
    bool is_disk_full = false;
  };
  static Outcome place(const fs::path& path, const std::string& bytes) {
    try {
      return {.problem = place_checkpoint(path, bytes), .has_failed = false, .is_disk_full = false};
    } catch (const DiskFullError& error) {
      return {.problem = error.what(), .has_failed = true, .is_disk_full = true};
    } catch (const std::exception& error) {
      return {.problem = error.what(), .has_failed = true, .is_disk_full = false};
    }
  }

  Limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<fs::path, Waiting> waiting_;
  std::deque<fs::path> order_;  // of those that wait
  std::size_t num_waiting_bytes_ = 0;
  fs::path writing_;                    // empty while the thread does nothing
  std::map<fs::path, Tickets> failed_;  // the last one of these could not be written
  Tickets written_;
  std::vector<CheckpointProblem> problems_;
  bool is_ending_ = false;
  std::thread thread_;
};

CheckpointWriter::CheckpointWriter() : CheckpointWriter(Limits()) {}

CheckpointWriter::CheckpointWriter(const Limits& limits)
    : thread_(std::make_unique<Thread>(limits)) {}

CheckpointWriter::~CheckpointWriter() = default;

void CheckpointWriter::write(const fs::path& path, const Checkpoint& checkpoint,
                             std::uint64_t ticket) {
  thread_->put(path, checkpoint_bytes(path, checkpoint), ticket);
}

void CheckpointWriter::remove(const fs::path& path) {
  thread_->forget(path);
  remove_checkpoint(path);
}

void CheckpointWriter::flush() { thread_->flush(); }

bool CheckpointWriter::has_failed(const fs::path& path) const { return thread_->has_failed(path); }

std::vector<std::uint64_t> CheckpointWriter::take_written() { return thread_->take_written(); }

std::vector<CheckpointProblem> CheckpointWriter::take_problems() {
  return thread_->take_problems();
}

}  // namespace bbprompt
