#include "report/search_curve.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

namespace bbprompt {
namespace {

// One trial's step function, walked along ascending queries.
class Walker {
 public:
  Walker(const TrialRecord& trial, double GenerationRecord::*column)
      : rows_(trial.generations), column_(column) {
    const auto dev = trial.best.splits.find("dev");
    if (column == &GenerationRecord::dev_metric && dev != trial.best.splits.end())
      last_value_ = dev->second.metric;
  }

  double value_at(std::int64_t queries) {
    for (; next_ < rows_.size() && rows_[next_].num_queries <= queries; ++next_) {
      const double value = rows_[next_].*column_;
      if (std::isfinite(value)) value_ = value;
    }
    if (next_ == rows_.size() && std::isfinite(last_value_)) value_ = last_value_;
    return value_;
  }

 private:
  const std::vector<GenerationRecord>& rows_;
  double GenerationRecord::*column_;
  std::size_t next_ = 0;
  double value_ = std::numeric_limits<double>::quiet_NaN();
  double last_value_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

std::vector<CurvePoint> mean_curve(std::span<const TrialRecord* const> trials,
                                   double GenerationRecord::*column) {
  std::set<std::int64_t> grid;
  std::vector<Walker> walkers;
  for (const TrialRecord* trial : trials) {
    walkers.emplace_back(*trial, column);
    for (const GenerationRecord& row : trial->generations) grid.insert(row.num_queries);
  }
  std::vector<CurvePoint> curve;
  for (const std::int64_t queries : grid) {
    double sum = 0.0;
    for (Walker& walker : walkers) sum += walker.value_at(queries);
    const double mean = sum / static_cast<double>(walkers.size());
    if (!std::isfinite(mean)) continue;
    const bool is_last = queries == *grid.rbegin();
    if (curve.empty() || is_last || curve.back().value != mean) {
      curve.push_back({static_cast<double>(queries), mean});
    }
  }
  return curve;
}

}  // namespace bbprompt
