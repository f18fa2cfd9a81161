#include "config/schema.hpp"

namespace bbprompt {
namespace {

constexpr double kManyOptions = 1e9;

constexpr SchemaRow kPromptRows[] = {
    {.key = "prompt.kind",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.kind; },
     .choices = {"discrete", "soft", "manual", "demonstrations"},
     .meaning =
         "`discrete`: tokens; `soft`: vectors among the word embeddings; `manual`: a written "
         "text; `demonstrations`: solved examples before each query. The last two are not "
         "searched: every one of their few prompts is scored"},
    {.key = "prompt.length",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.length; },
     .limits = {1, 512},
     .meaning = "`discrete`: positions, each a candidate; `soft`: vectors"},
    {.key = "prompt.discrete.relaxation",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.relaxation; },
     .choices = {"embedding", "logits", "nearest", "index"},
     .meaning =
         "how a point picks candidates. `embedding`: per position the one whose projected word "
         "embedding points most along it; `nearest`: whose projected embedding is nearest; "
         "`logits`: argmax per position of a fixed random projection; `index`: the candidate's "
         "number itself"},
    {.key = "prompt.discrete.dimension_per_token",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.dimension_per_token;
     },
     .limits = {1, 4096},
     .meaning = "`embedding`, `nearest`: search coordinates per position"},
    {.key = "prompt.discrete.dimension",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.dimension; },
     .limits = {1, 1e6},
     .meaning = "`logits`: search coordinates of the whole prompt"},
    {.key = "prompt.discrete.num_candidates",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.num_candidates; },
     .limits = {2, 1e6},
     .meaning = "number of candidates to take from the source"},
    {.key = "prompt.discrete.words",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.words; },
     .meaning = "use these candidate words instead, if not empty"},
    {.key = "prompt.discrete.candidates.source",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.candidates.source; },
     .choices = {"words", "pmi_phrases", "pmi_tokens", "list", "vocabulary", "word_beginnings"},
     .meaning = "`words`: whole words, most frequent first; `pmi_phrases`: n-grams of words that "
                "belong together, most frequent first; `pmi_tokens`: the tokens of these; `list`: "
                "lines of a file; `vocabulary`: whole words of the model's vocabulary; "
                "`word_beginnings`: as `words`, with tokens that only begin a word"},
    {.key = "prompt.discrete.candidates.text",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.candidates.text; },
     .choices = {"few_shot", "train_file"},
     .meaning = "where candidates are counted: the texts of the drawn train split, or all texts of "
                "`task.train` without their labels"},
    {.key = "prompt.discrete.candidates.file",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.discrete.candidates.file; },
     .meaning =
         "`list`: the file, one word or phrase per line; `bbprompt candidates --out` writes one"},
    {.key = "prompt.discrete.candidates.max_ngram",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.pmi.max_ngram;
     },
     .limits = {1, 100},
     .meaning = "`pmi_phrases`, `pmi_tokens`: most words of an n-gram; the next four keys too"},
    {.key = "prompt.discrete.candidates.min_pmi",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.pmi.min_pmi;
     },
     .limits = {-1e6, 1e6},
     .meaning = "neighbours of at least this pointwise mutual information (in nats) are joined"},
    {.key = "prompt.discrete.candidates.min_pair_count",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.pmi.min_pair_count;
     },
     .limits = {1, kManyOptions},
     .meaning = "but only if found next to each other at least this often"},
    {.key = "prompt.discrete.candidates.min_count",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.pmi.min_count;
     },
     .limits = {0, kManyOptions},
     .meaning = "joined stretches found more often than this are n-grams"},
    {.key = "prompt.discrete.candidates.min_frequency",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.pmi.min_frequency;
     },
     .limits = {0, kManyOptions},
     .meaning = "n-grams that occur more often than this, anywhere, are candidates"},
    {.key = "prompt.discrete.candidates.remove_stop_words",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.discrete.candidates.is_without_stop_words;
     },
     .meaning = "leave out candidates of nothing but common English function words"},
    {.key = "prompt.soft.mode",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.soft.mode; },
     .choices = {"add", "concatenate"},
     .meaning = "`add`: to the embeddings of base tokens in the input; `concatenate`: the vectors "
                "take places of their own"},
    {.key = "prompt.soft.layers",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.soft.layers; },
     .choices = {"input", "all"},
     .meaning = "`all`: a deep prompt, with vectors of its own that are added to the hidden states "
                "before every further layer; needs a replica"},
    {.key = "prompt.soft.dimension",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.soft.dimension; },
     .limits = {0, 1e6},
     .meaning = "search coordinates, of each layer for `layers: all`; 0: no projection, every "
                "coordinate of the vectors"},
    {.key = "prompt.soft.alpha",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.soft.alpha; },
     .limits = {0, 1e6, true},
     .meaning = "scale of the random projection"},
    {.key = "prompt.soft.init",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.prompt.soft.init}; },
     .meaning = "`add`: text whose tokens stand under the vectors, empty: tokens drawn from the "
                "seed; `concatenate`: text whose embeddings are added to the vectors, empty: none"},
    {.key = "prompt.manual.text",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.prompt.manual.text}; },
     .meaning = "text put at `{prompt}`; empty: `task.manual_prompt`"},
    {.key = "prompt.manual.tokens",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextListField{&f.spec.prompt.manual.tokens};
     },
     .meaning = "the text in tokens as a vocabulary spells them: where the model has all of them, "
                "they are put at `{prompt}` as those of a learned prompt are"},
    {.key = "prompt.demonstrations.per_class",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.demonstrations.per_class; },
     .limits = {1, 1e4},
     .meaning = "solved examples of each label, from the train split; as many as fit into half of "
                "the model's length are shown"},
    {.key = "prompt.demonstrations.draws",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.prompt.demonstrations.draws; },
     .limits = {1, 1e4},
     .meaning = "number of random selections and orders to score; the dev split chooses one"},
    {.key = "prompt.demonstrations.max_field_tokens",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.prompt.demonstrations.max_field_tokens;
     },
     .limits = {0, kManyOptions},
     .meaning = "each text of a demonstration is cut to this many tokens; 0: as "
                "`task.max_field_tokens`"},
};

}  // namespace

std::span<const SchemaRow> prompt_rows() { return kPromptRows; }

}  // namespace bbprompt
