#include "text/bpe_merges.hpp"

#include <algorithm>
#include <tuple>

namespace bbprompt {
namespace {

constexpr TokenId kGone = -1;  // merged into its left neighbour

std::uint64_t pair_key(TokenId left, TokenId right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

struct IsLater {
  template <typename Candidate>
  bool operator()(const Candidate& a, const Candidate& b) const {
    return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
  }
};

}  // namespace

bool BpeMerges::add(TokenId left, TokenId right, TokenId merged) {
  const auto rank = static_cast<std::uint32_t>(rules_.size());
  return rules_.emplace(pair_key(left, right), Rule{rank, merged}).second;
}

void BpeMerges::push_candidate(Scratch& scratch, std::size_t left) const {
  const Scratch::Node& node = scratch.nodes[left];
  if (node.next == left) return;
  const TokenId right_id = scratch.nodes[node.next].id;
  const auto rule = rules_.find(pair_key(node.id, right_id));
  if (rule == rules_.end()) return;
  scratch.heap.push_back(
      {rule->second.rank, left, node.next, node.id, right_id, rule->second.merged});
  std::push_heap(scratch.heap.begin(), scratch.heap.end(), IsLater{});
}

void BpeMerges::apply(std::vector<TokenId>& ids, Scratch& scratch) const {
  auto& nodes = scratch.nodes;
  auto& heap = scratch.heap;
  heap.clear();
  nodes.clear();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    nodes.push_back({ids[i], i > 0 ? i - 1 : 0, i + 1 < ids.size() ? i + 1 : i});
  }
  for (std::size_t i = 0; i < ids.size(); ++i) push_candidate(scratch, i);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), IsLater{});
    const Candidate best = heap.back();
    heap.pop_back();
    auto& left = nodes[best.left];
    auto& right = nodes[best.right];
    if (left.id != best.left_id || right.id != best.right_id || left.next != best.right) continue;
    left.id = best.merged;
    right.id = kGone;
    if (right.next == best.right) {
      left.next = best.left;
    } else {
      left.next = right.next;
      nodes[right.next].previous = best.left;
    }
    push_candidate(scratch, best.left);
    if (left.previous != best.left) push_candidate(scratch, left.previous);
  }
  ids.clear();
  for (const auto& node : nodes) {
    if (node.id != kGone) ids.push_back(node.id);
  }
}

}  // namespace bbprompt
