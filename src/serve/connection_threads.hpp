#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bbprompt {

// Threads for connections, started when they are needed, at most so many. Jobs beyond wait.
class ConnectionThreads {
 public:
  explicit ConnectionThreads(int max_threads) : max_threads_(max_threads) {}
  ~ConnectionThreads() { finish(); }
  ConnectionThreads(const ConnectionThreads&) = delete;
  ConnectionThreads& operator=(const ConnectionThreads&) = delete;

  void add(std::function<void()> job);
  // Does what waits, and ends the threads.
  void finish();

 private:
  void work();

  const int max_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  int num_idle_ = 0;
  bool is_ending_ = false;
};

}  // namespace bbprompt
