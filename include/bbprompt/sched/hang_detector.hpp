#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// How long an evaluation may take. Wrong verdicts cost little (the work is done twice), unless they
// fall on all workers at once: hence the generous figures.
struct HangOptions {
  // Before anything of the trial was measured, and for a worker's first item of a trial, which may
  // read a model over a slow network first.
  double first_seconds = 1800.0;
  double floor_seconds = 60.0;  // afterwards at least this,
  double factor = 10.0;         // and so many times the slowest recent evaluation, by size
  // The longest step that the clock may take between two calls. What is more was the master's own
  // standstill (suspended, or busy), during which answers may have come in unread.
  double max_step_seconds = 1.0;
};

// A worker that took too long.
struct Overdue {
  int worker = 0;
  std::vector<std::uint64_t> items;  // at which it did, by id
  double allowed_seconds = 0.0;      // what the first of them was given
};

// Tells which workers are overdue with an item they are at: the first ones given to them, as many
// as they have slots. Pure as Scheduler: the clock is what the caller says it is, in seconds that
// do not fall.
class HangDetector {
 public:
  explicit HangDetector(const HangOptions& options = {}) : options_(options) {}

  // How many items the worker is at at once; 1 unless said.
  void set_slots(int worker, int slots) { workers_[worker].slots = slots; }

  void given(int worker, const WorkItem& item, double now);
  // Any answer, expected or not. The item that takes the place of the answered one begins now; at
  // an answer that was not expected, all that the worker is at begin anew.
  void answered(int worker, const WorkResult& result, double now);
  // What was given to the worker counts no more.
  void forget_worker(int worker) { workers_.erase(worker); }
  void forget_trial(std::int32_t trial);

  // Workers that are overdue, ascending; each once until it answers again. What it was at then is
  // taken for moved to others and makes it overdue no more.
  [[nodiscard]] std::vector<Overdue> overdue(double now);

  // How long the first item may take that the worker is at; infinity when it has none.
  [[nodiscard]] double allowed_seconds(int worker) const;

 private:
  struct Given {
    std::uint64_t id = 0;
    std::int32_t attempt = 0;
    std::int32_t trial = 0;
    double size = 1.0;  // examples
    bool is_first = false;
    double since = 0.0;    // when the worker began with it
    bool is_told = false;  // the worker was overdue while at it
  };
  struct Watched {
    int slots = 1;
    std::deque<Given> items;
    std::set<std::int32_t> trials;  // that it has answered for
    bool is_told = false;

    [[nodiscard]] std::size_t num_under_way() const;
  };

  void advance(double now);
  [[nodiscard]] Overdue overdue_of(int worker, const Watched& watched) const;
  [[nodiscard]] double allowed_seconds(const Given& given) const;

  HangOptions options_;
  std::map<int, Watched> workers_;
  std::map<std::int32_t, std::deque<double>> recent_;  // seconds per example, by trial
  std::optional<double> last_now_;
  double elapsed_ = 0.0;
};

}  // namespace bbprompt
