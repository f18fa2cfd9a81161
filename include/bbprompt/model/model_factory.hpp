#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/model/model_options.hpp"

namespace bbprompt {

// What is known of the model that the options name; loads no weights. Throws ModelError naming the
// file for a model that cannot be used, whatever is wrong with it.
[[nodiscard]] std::shared_ptr<const ModelView> make_view(const ModelOptions& options);

// How the model reads text; less than a view, as it needs no weights files.
struct ModelVocabulary {
  std::unique_ptr<const Tokenizer> tokenizer;  // null where the model takes text only
  int max_tokens = 0;                          // longest input, special tokens included
  ModelFamily family = ModelFamily::kMasked;
};
[[nodiscard]] ModelVocabulary load_vocabulary(const ModelOptions& options);

// Which of the workers of a run a process is.
struct WorkerPlace {
  int rank = 0;
  int num_workers = 1;  // that share the limits of a server
};

// The model itself, in this process or behind a connection. `view` is what make_view() gave for
// options of the same ModelIdentity; models of one view share its weights. Throws ModelError.
[[nodiscard]] std::unique_ptr<LanguageModel> make_model(
    const ModelOptions& options, const std::shared_ptr<const ModelView>& view,
    const WorkerPlace& place = {});

// What a model must be probed for before it is asked; empty for one that runs in this process.
struct ModelProbe {
  std::string findings;            // ModelOptions::findings
  std::vector<std::string> lines;  // for people
};
[[nodiscard]] ModelProbe probe_model(const ModelOptions& options,
                                     const std::shared_ptr<const ModelView>& view);

// Whether a model with these findings gives scores; else it says a word.
[[nodiscard]] bool gives_scores(const std::string& findings);

// LanguageModel::slots() of the model, which need not be loaded.
[[nodiscard]] int slots_of(const ModelOptions& options);

// All of it, as a value: tests have models of their own.
struct ModelFactory {
  std::function<std::shared_ptr<const ModelView>(const ModelOptions&)> view = make_view;
  std::function<std::unique_ptr<LanguageModel>(const ModelOptions&,
                                               const std::shared_ptr<const ModelView>&)>
      model = [](const ModelOptions& options, const std::shared_ptr<const ModelView>& known) {
        return make_model(options, known);
      };
  std::function<ModelProbe(const ModelOptions&, const std::shared_ptr<const ModelView>&)> probe =
      probe_model;
  std::function<int(const ModelOptions&)> slots = slots_of;

  // Of the models of a worker of a run.
  [[nodiscard]] static ModelFactory at(const WorkerPlace& place);
};

}  // namespace bbprompt
