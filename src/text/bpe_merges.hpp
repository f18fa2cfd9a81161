#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bbprompt/base/types.hpp"

namespace bbprompt {

// The merge rules of byte-pair encoding (Sennrich et al., ACL 2016), the first rule first.
class BpeMerges {
 public:
  explicit BpeMerges(std::size_t num_expected) { rules_.reserve(num_expected); }

  // Adds the next rule. False, and nothing is added, if the pair has one.
  [[nodiscard]] bool add(TokenId left, TokenId right, TokenId merged);

  // Memory that calls share, so that a word costs no allocation.
  struct Scratch;

  // Merges neighbours in `ids` until no rule applies: the earliest rule first, of equal ones the
  // leftmost. O(n log n) for n ids.
  void apply(std::vector<TokenId>& ids, Scratch& scratch) const;

 private:
  struct Rule {
    std::uint32_t rank = 0;
    TokenId merged = 0;
  };
  struct Candidate;

  void push_candidate(Scratch& scratch, std::size_t left) const;

  std::unordered_map<std::uint64_t, Rule> rules_;  // by pair
};

// A pair of neighbours with a rule; out of date once either has merged with another.
struct BpeMerges::Candidate {
  std::uint32_t rank = 0;
  std::size_t left = 0;
  std::size_t right = 0;
  TokenId left_id = 0;
  TokenId right_id = 0;
  TokenId merged = 0;
};

struct BpeMerges::Scratch {
  struct Node {  // of a doubly linked list; its own index on either side ends the list
    TokenId id = 0;
    std::size_t previous = 0;
    std::size_t next = 0;
  };
  std::vector<Node> nodes;
  std::vector<Candidate> heap;
};

}  // namespace bbprompt
