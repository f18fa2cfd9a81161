#include "serve/compute_queue.hpp"

#include <algorithm>
#include <chrono>

#include "bbprompt/base/blocked_signals.hpp"

namespace bbprompt {

ComputeQueue::ComputeQueue(LanguageModel& model, int max_waiting)
    : model_(model), max_waiting_(max_waiting) {
  const BlockedSignals blocked;
  thread_ = std::thread([this] { compute_all(); });
}

ComputeQueue::~ComputeQueue() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

ComputeQueue::Outcome ComputeQueue::run(const Work& work, const std::function<bool()>& is_wanted) {
  using namespace std::chrono_literals;
  const auto item = std::make_shared<Item>(Item{.work = &work});
  std::unique_lock lock(mutex_);
  if (static_cast<int>(waiting_.size()) >= max_waiting_) return Outcome::kFull;
  waiting_.push_back(item);
  arrived_.notify_one();
  while (!finished_.wait_for(lock, 500ms, [&] { return item->is_done; })) {
    if (item->is_begun) continue;  // it refers to what the caller owns
    lock.unlock();
    const bool wanted = is_wanted();
    lock.lock();
    if (wanted || item->is_begun) continue;
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), item));
    return Outcome::kUnwanted;
  }
  if (item->error) std::rethrow_exception(item->error);
  return Outcome::kDone;
}

int ComputeQueue::num_waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(waiting_.size());
}

void ComputeQueue::compute_all() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::shared_ptr<Item> item = waiting_.front();
    waiting_.pop_front();
    item->is_begun = true;
    lock.unlock();
    compute(*item);
    lock.lock();
    item->is_done = true;
    finished_.notify_all();
  }
}

void ComputeQueue::compute(Item& item) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    (*item.work)(model_);
  } catch (...) {
    item.error = std::current_exception();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  seconds_computing_ = seconds_computing_ + spent.count();
}

}  // namespace bbprompt
