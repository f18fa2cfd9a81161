#pragma once

#include <functional>
#include <memory>

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

// The model itself, in this process or behind a connection. `view` is what make_view() gave for
// options of the same ModelIdentity; models of one view share its weights. Throws ModelError.
[[nodiscard]] std::unique_ptr<LanguageModel> make_model(
    const ModelOptions& options, const std::shared_ptr<const ModelView>& view);

// Both, as a value: tests have models of their own.
struct ModelFactory {
  std::function<std::shared_ptr<const ModelView>(const ModelOptions&)> view = make_view;
  std::function<std::unique_ptr<LanguageModel>(const ModelOptions&,
                                               const std::shared_ptr<const ModelView>&)>
      model = make_model;
};

}  // namespace bbprompt
