#include "text/word_cache.hpp"

namespace bbprompt {

bool WordCache::find(std::string_view word, std::vector<TokenId>& ids) const {
  const std::scoped_lock lock(mutex_);
  const auto known = words_.find(word);
  if (known == words_.end()) return false;
  ids = known->second;
  return true;
}

void WordCache::add(std::string_view word, const std::vector<TokenId>& ids) {
  if (word.size() > kMaxWordBytes) return;
  const std::scoped_lock lock(mutex_);
  if (words_.size() < kMaxWords) words_.emplace(word, ids);
}

}  // namespace bbprompt
