#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bbprompt/base/types.hpp"

namespace bbprompt {

// Token ids of words met before, as texts repeat few words often. Holds a bounded number of short
// words, the first ones it was given. Safe to use from several threads.
class WordCache {
 public:
  static constexpr std::size_t kMaxWords = std::size_t{1} << 16;
  static constexpr std::size_t kMaxWordBytes = 48;

  // Whether the word is known; `ids` are its ids then.
  [[nodiscard]] bool find(std::string_view word, std::vector<TokenId>& ids) const;

  void add(std::string_view word, const std::vector<TokenId>& ids);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>{}(word);
    }
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<TokenId>, Hash, std::equal_to<>> words_;
};

}  // namespace bbprompt
