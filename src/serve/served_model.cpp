#include "serve/served_model.hpp"

#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

const Tokenizer& tokenizer_of(const ModelView& view) {
  if (view.tokenizer() != nullptr) return *view.tokenizer();
  throw ModelError(view.info().name, "expected a model with a tokenizer, to serve it");
}

}  // namespace

ServedModel::ServedModel(const ModelView& view, const ServeOptions& options)
    : name_(options.name.empty() ? view.info().name : options.name),
      fingerprint_(view.info().fingerprint),
      family_(view.info().family),
      max_tokens_(view.info().max_tokens),
      tokenizer_(tokenizer_of(view)),
      vocabulary_size_(view.embeddings() != nullptr
                           ? static_cast<int>(view.embeddings()->num_words())
                           : static_cast<int>(tokenizer_.vocabulary_size())) {}

std::string ServedModel::text_of(std::span<const TokenId> ids) const {
  std::string text;
  std::size_t begin = 0;
  const auto flush = [&](std::size_t end) {
    if (end > begin) text += tokenizer_.decode(ids.subspan(begin, end - begin));
  };
  // A model may have rows that no token of the vocabulary has.
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (static_cast<std::size_t>(ids[i]) < tokenizer_.vocabulary_size()) continue;
    flush(i);
    begin = i + 1;
  }
  flush(ids.size());
  std::size_t checked = 0;
  while (const auto invalid = find_invalid_utf8(std::string_view(text).substr(checked))) {
    text.replace(checked + *invalid, 1, "\xef\xbf\xbd");
    checked += *invalid + 3;
  }
  return text;
}

}  // namespace bbprompt
