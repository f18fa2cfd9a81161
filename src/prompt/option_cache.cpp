#include "bbprompt/prompt/option_cache.hpp"

#include <algorithm>

namespace bbprompt {
namespace {

bool is_from_texts(const DiscretePromptOptions& options) {
  const CandidateSource source = options.candidates.source;
  return options.words.empty() && source != CandidateSource::kList &&
         source != CandidateSource::kVocabulary;
}

}  // namespace

OptionVocabulary OptionCache::get(const DiscretePromptOptions& options, const Tokenizer& tokenizer,
                                  std::span<const std::string_view> texts,
                                  const std::shared_ptr<const void>& owner) {
  if (owner == nullptr || !is_from_texts(options))
    return make_option_vocabulary(options, tokenizer, texts);
  entries_.remove_if([](const Entry& entry) { return entry.owner.expired(); });
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.owner.lock() == owner && entry.num_candidates == options.num_candidates &&
           entry.options == options.candidates;
  });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
  } else {
    entries_.push_front({.owner = owner,
                         .options = options.candidates,
                         .num_candidates = options.num_candidates,
                         .vocabulary = make_option_vocabulary(options, tokenizer, texts)});
    if (entries_.size() > kMaxEntries) entries_.pop_back();
  }
  return entries_.front().vocabulary;
}

}  // namespace bbprompt
