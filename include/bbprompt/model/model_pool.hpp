#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/model/model_identity.hpp"
#include "bbprompt/model/model_options.hpp"
#include "bbprompt/prompt/option_cache.hpp"
#include "bbprompt/task/task_data_cache.hpp"

namespace bbprompt {

// The models of one process, each loaded once, and what its latest trials read: their data, and the
// candidates found with a model's tokenizer.
class ModelPool {
 public:
  explicit ModelPool(ModelFactory factory = {}) : factory_(std::move(factory)) {}

  // What is known of the model; loads no weights. Throws ModelError where it cannot be used.
  [[nodiscard]] std::shared_ptr<const ModelView> view(const ModelOptions& options);

  // The model, loaded. Options of one identity that differ in threads give models of their own,
  // which share view and weights. Throws ModelError when it cannot be loaded. With a limit, the
  // models used least recently are unloaded first until the new one fits; references to them end
  // there.
  [[nodiscard]] LanguageModel& get(const ModelOptions& options);

  [[nodiscard]] ModelProbe probe(const ModelOptions& options) {
    return factory_.probe(options, view(options));
  }
  [[nodiscard]] int slots(const ModelOptions& options) const { return factory_.slots(options); }

  [[nodiscard]] TaskDataCache& task_data() { return task_data_; }
  // What was found with the model's tokenizer.
  [[nodiscard]] OptionCache& candidates(const ModelOptions& options);

  // Most bytes that the loaded models may take together, as ModelView::memory() has them; 0: any.
  // The one in use is loaded in any case.
  void set_max_bytes(std::int64_t max_bytes) { max_bytes_ = max_bytes; }
  // Called before a model is unloaded: who refers to it must let go.
  void on_unload(std::function<void(const LanguageModel&)> let_go) { let_go_ = std::move(let_go); }

  // Models that are loaded, those of one identity counted once.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<const ModelView> view;
    std::map<int, std::unique_ptr<LanguageModel>> models;  // by threads; empty: not loaded
    OptionCache candidates;
    std::uint64_t last_use = 0;

    [[nodiscard]] bool is_loaded() const { return !models.empty(); }
  };
  Entry& find(const ModelOptions& options);
  void make_room(const Entry& wanted);
  void unload(std::map<ModelIdentity, Entry>::iterator entry);

  ModelFactory factory_;
  std::map<ModelIdentity, Entry> entries_;
  std::int64_t max_bytes_ = 0;
  std::uint64_t num_uses_ = 0;
  std::function<void(const LanguageModel&)> let_go_;
  TaskDataCache task_data_;
};

}  // namespace bbprompt
