#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "bbprompt/lm/language_model.hpp"

namespace bbprompt {

// The thread that computes, and what waits for it: first come, first served. Safe to share between
// threads; the model is used by that thread alone.
class ComputeQueue {
 public:
  using Work = std::function<void(LanguageModel&)>;
  enum class Outcome {
    kDone,
    kFull,      // as many waited as may; nothing was computed
    kUnwanted,  // nobody wanted it any more before its turn came
  };

  ComputeQueue(LanguageModel& model, int max_waiting);
  // Computes what waits.
  ~ComputeQueue();
  ComputeQueue(const ComputeQueue&) = delete;
  ComputeQueue& operator=(const ComputeQueue&) = delete;

  // Has `work` done and waits for it; throws what it throws. `is_wanted` is asked now and then
  // while it waits.
  [[nodiscard]] Outcome run(const Work& work, const std::function<bool()>& is_wanted);

  [[nodiscard]] int num_waiting() const;
  [[nodiscard]] double seconds_computing() const { return seconds_computing_; }

 private:
  struct Item {
    const Work* work = nullptr;
    bool is_begun = false;
    bool is_done = false;
    std::exception_ptr error{};
  };
  void compute_all();
  void compute(Item& item);

  LanguageModel& model_;
  const int max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<std::shared_ptr<Item>> waiting_;
  bool is_ending_ = false;
  std::atomic<double> seconds_computing_{0.0};
  std::thread thread_;
};

}  // namespace bbprompt
