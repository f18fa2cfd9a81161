#pragma once

#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/types.hpp"

namespace bbprompt {

// An answer word as a model is asked for it: its tokens in order, at least one. A model that
// answers with one token (a masked one) takes answers of one token only.
class Answer {
 public:
  // A token is an answer wherever one is expected.
  Answer(TokenId id) : ids_{id} {}  // NOLINT(google-explicit-constructor)
  // Throws Error for an empty list.
  explicit Answer(std::vector<TokenId> ids) : ids_(std::move(ids)) {
    if (ids_.empty()) throw Error("expected an answer of at least one token");
  }

  [[nodiscard]] const std::vector<TokenId>& ids() const { return ids_; }
  [[nodiscard]] TokenId first() const { return ids_.front(); }
  [[nodiscard]] bool is_one_token() const { return ids_.size() == 1; }

  friend bool operator==(const Answer&, const Answer&) = default;

 private:
  std::vector<TokenId> ids_;
};

}  // namespace bbprompt
