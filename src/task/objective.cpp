#include "bbprompt/task/objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

constexpr std::array kKinds = {ObjectiveKind::kCrossEntropy, ObjectiveKind::kHinge,
                               ObjectiveKind::kErrorRate, ObjectiveKind::kReleasedHinge};

double cross_entropy(const LabelScores& z, Eigen::Index y) {
  const double largest = z.maxCoeff();
  double sum = 0.0;
  for (Eigen::Index j = 0; j < z.size(); ++j) sum += std::exp(z[j] - largest);
  return std::log(sum) - (z[y] - largest);
}

double hinge(const LabelScores& z, Eigen::Index y, double margin) {
  double sum = 0.0;
  for (Eigen::Index j = 0; j < z.size(); ++j) {
    if (j != y) sum += std::max(0.0, z[j] - z[y] + margin);
  }
  return sum;
}

double released_hinge(const LabelScores& z, Eigen::Index y, double margin) {
  double largest = -std::numeric_limits<double>::infinity();
  for (Eigen::Index j = 0; j < z.size(); ++j) {
    if (j != y) largest = std::max(largest, z[j]);
  }
  return std::max(0.0, z[y] - largest + margin) - margin;
}

}  // namespace

int predict(const LabelScores& scores) {
  if (scores.size() == 0) throw Error("expected label scores, found none");
  Eigen::Index best = 0;
  for (Eigen::Index j = 0; j < scores.size(); ++j) {
    if (!std::isfinite(scores[j])) {
      throw Error("expected finite label scores, found " + short_number(scores[j]) + " for label " +
                  std::to_string(j) + "; the model's answer is damaged");
    }
    if (scores[j] > scores[best]) best = j;
  }
  return static_cast<int>(best);
}

Objective::Objective(const ObjectiveOptions& options) : options_(options) {
  if (!std::isfinite(options.margin) || options.margin < 0.0) {
    throw SettingError("objective.margin",
                       "expected a number of at least 0, found " + short_number(options.margin));
  }
}

double Objective::loss(const LabelScores& scores, int label) const {
  const int predicted = predict(scores);  // refuses scores that are not finite
  if (label < 0 || label >= scores.size()) {
    throw Error("expected a label index below " + std::to_string(scores.size()) + ", found " +
                std::to_string(label));
  }
  switch (options_.kind) {
    case ObjectiveKind::kCrossEntropy:
      return cross_entropy(scores, label);
    case ObjectiveKind::kHinge:
      return hinge(scores, label, options_.margin);
    case ObjectiveKind::kErrorRate:
      return predicted == label ? 0.0 : 1.0;
    case ObjectiveKind::kReleasedHinge:
      return released_hinge(scores, label, options_.margin);
  }
  throw Error("unknown objective");
}

std::string to_string(ObjectiveKind kind) {
  switch (kind) {
    case ObjectiveKind::kCrossEntropy:
      return "cross_entropy";
    case ObjectiveKind::kHinge:
      return "hinge";
    case ObjectiveKind::kErrorRate:
      return "error_rate";
    case ObjectiveKind::kReleasedHinge:
      return "released_hinge";
  }
  throw Error("unknown objective");
}

ObjectiveKind parse_objective_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const ObjectiveKind kind : kKinds) {
    names.push_back(to_string(kind));
    if (names.back() == name) return kind;
  }
  throw Error("unknown objective \"" + printable(name) + "\"" + suggestion(name, names) +
              "; expected one of " + quoted_list(names));
}

}  // namespace bbprompt
