#include "serve/connection_threads.hpp"

#include <system_error>

#include "bbprompt/base/blocked_signals.hpp"

namespace bbprompt {

void ConnectionThreads::add(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (static_cast<int>(jobs_.size()) > num_idle_ &&
      static_cast<int>(threads_.size()) < max_threads_) {
    const BlockedSignals blocked;
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      if (threads_.empty()) throw;  // else one of the others will do it
    }
  }
  changed_.notify_one();
}

void ConnectionThreads::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ConnectionThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++num_idle_;
    changed_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
    --num_idle_;
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace bbprompt
