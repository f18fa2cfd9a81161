#include "bbprompt/model/model_pool.hpp"

#include <algorithm>

namespace bbprompt {

ModelPool::Entry& ModelPool::find(const ModelOptions& options) {
  const ModelIdentity identity(options);
  auto found = entries_.find(identity);
  if (found == entries_.end()) {
    Entry entry;
    entry.view = factory_.view(options);
    found = entries_.emplace(identity, std::move(entry)).first;
  }
  return found->second;
}

std::shared_ptr<const ModelView> ModelPool::view(const ModelOptions& options) {
  return find(options).view;
}

LanguageModel& ModelPool::get(const ModelOptions& options) {
  Entry& entry = find(options);
  entry.last_use = ++num_uses_;
  const auto known = entry.models.find(options.threads);
  if (known != entry.models.end()) return *known->second;
  if (entry.models.empty()) make_room(entry);
  return *entry.models.emplace(options.threads, factory_.model(options, entry.view)).first->second;
}

OptionCache& ModelPool::candidates(const ModelOptions& options) { return find(options).candidates; }

std::size_t ModelPool::size() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [](const auto& known) { return known.second.is_loaded(); }));
}

void ModelPool::make_room(const Entry& wanted) {
  if (max_bytes_ <= 0) return;
  std::int64_t bytes = wanted.view->memory().sum();
  for (const auto& [identity, entry] : entries_) {
    if (entry.is_loaded()) bytes += entry.view->memory().sum();
  }
  while (bytes > max_bytes_) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (!entry->second.is_loaded()) continue;
      if (oldest == entries_.end() || entry->second.last_use < oldest->second.last_use)
        oldest = entry;
    }
    if (oldest == entries_.end()) return;
    bytes -= oldest->second.view->memory().sum();
    unload(oldest);
  }
}

void ModelPool::unload(std::map<ModelIdentity, Entry>::iterator entry) {
  if (let_go_) {
    for (const auto& [threads, model] : entry->second.models) let_go_(*model);
  }
  entries_.erase(entry);
}

}  // namespace bbprompt
