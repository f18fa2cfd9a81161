#include "config/schema.hpp"

namespace bbprompt {
namespace {

constexpr double kAnyNumber = 1e9;
constexpr std::string_view kReplica = "replica";
constexpr std::string_view kServer = "server";

constexpr SchemaRow kModelRows[] = {
    {.key = "model.kind",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.kind; },
     .choices = kModelKinds,
     .meaning = "`replica`: every rank runs the model itself; `server`: it is behind HTTP, and "
                "each rank asks it"},
    {.key = "model.path",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.path; },
     .presence = Presence::kRequired,
     .model_kind = kReplica,
     .meaning = "Hugging Face folder: `config.json`, tokenizer files, safetensors"},
    {.key = "model.weights",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.model.weights}; },
     .model_kind = kReplica,
     .meaning = "weights file in that folder; empty: `model.safetensors` or its index"},
    {.key = "model.threads",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.threads; },
     .model_kind = kReplica,
     .limits = {1, 1024},
     .meaning = "threads of each rank"},
    {.key = "model.url",
     .field = [](ConfigFields& f) -> FieldRef { return TextListField{&f.spec.model.server.urls}; },
     .model_kind = kServer,
     .meaning = "list of the addresses of equal servers, such as `[\"http://localhost:8000/v1\"]`; "
                "workers are spread over them, and go to the next where one fails"},
    {.key = "model.name",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.model.server.name, TextField::Rule::kFilled};
     },
     .presence = Presence::kRequired,
     .model_kind = kServer,
     .meaning = "name of the model, as the server calls it"},
    {.key = "model.revision",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.model.server.revision}; },
     .model_kind = kServer,
     .meaning =
         "what tells this model from others of that name, such as a commit; part of a trial's id"},
    {.key = "model.tokenizer",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.tokenizer; },
     .model_kind = kServer,
     .meaning = "folder with the model's `tokenizer.json`; empty: only texts go to the server, and "
                "discrete prompts are not possible"},
    {.key = "model.max_tokens",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.max_tokens; },
     .model_kind = kServer,
     .limits = {8, kAnyNumber},
     .meaning = "longest input in tokens; longer ones lose the end of their texts"},
    {.key = "model.is_masked",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.is_masked; },
     .model_kind = kServer,
     .meaning = "whether the model fills a mask: `bbprompt serve` with a BERT or RoBERTa"},
    {.key = "model.api",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.api; },
     .model_kind = kServer,
     .choices = {"completions", "chat"},
     .meaning = "`completions`: texts are continued; `chat`: messages are answered"},
    {.key = "model.system_message",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.model.server.system_message};
     },
     .model_kind = kServer,
     .meaning = "message that stands before each one with `api: chat`; empty: none"},
    {.key = "model.route",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.route; },
     .model_kind = kServer,
     .choices = kRouteNames,
     .meaning = "how scores of answer words are got; `auto`: the most exact way that a probe of "
                "the server proves"},
    {.key = "model.requests",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.requests; },
     .model_kind = kServer,
     .limits = {1, 4096},
     .meaning = "requests that each rank has under way at once"},
    {.key = "model.tries",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.tries; },
     .model_kind = kServer,
     .limits = {1, 100},
     .meaning = "tries of a request whose failure may pass"},
    {.key = "model.patience_seconds",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.patience_seconds; },
     .model_kind = kServer,
     .limits = {0, kAnyNumber},
     .meaning =
         "how long a server may be away, or ask to wait, before the run stops with checkpoints"},
    {.key = "model.times.connect_seconds",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.model.server.times.connect_seconds;
     },
     .model_kind = kServer,
     .limits = {0, kAnyNumber, true},
     .meaning = "time limit of a connection"},
    {.key = "model.times.first_byte_seconds",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.model.server.times.first_byte_seconds;
     },
     .model_kind = kServer,
     .limits = {0, kAnyNumber, true},
     .meaning = "time limit until an answer begins; a queue at the server is part of it"},
    {.key = "model.times.stall_seconds",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.times.stall_seconds; },
     .model_kind = kServer,
     .limits = {0, kAnyNumber, true},
     .meaning = "how long an answer may stand still"},
    {.key = "model.times.total_seconds",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.times.total_seconds; },
     .model_kind = kServer,
     .limits = {0, kAnyNumber, true},
     .meaning = "time limit of a request as a whole"},
    {.key = "model.limits.requests_per_minute",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.model.server.limits.requests_per_minute;
     },
     .model_kind = kServer,
     .limits = {0, kAnyNumber},
     .meaning = "requests that all ranks together send in any minute; 0: any number"},
    {.key = "model.limits.tokens_per_minute",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.model.server.limits.tokens_per_minute;
     },
     .model_kind = kServer,
     .limits = {0, kAnyNumber},
     .meaning =
         "tokens of prompts and answers that all ranks together use in any minute; 0: any number"},
    {.key = "model.prices.prompt",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.prices.prompt; },
     .model_kind = kServer,
     .limits = {0, kAnyNumber},
     .meaning = "money for a million tokens of prompts; 0: not known"},
    {.key = "model.prices.completion",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.prices.completion; },
     .model_kind = kServer,
     .limits = {0, kAnyNumber},
     .meaning = "money for a million tokens of answers"},
    {.key = "model.key_variable",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.model.server.key_variable};
     },
     .model_kind = kServer,
     .meaning = "environment variable that holds the key; empty: no key"},
    {.key = "model.key_file",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.key_file; },
     .model_kind = kServer,
     .meaning = "file that holds the key and that only you can read; empty: none"},
    {.key = "model.ca_file",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.model.server.ca_file; },
     .model_kind = kServer,
     .meaning = "file of certificates to trust instead of the system's; empty: those"},
};

}  // namespace

std::span<const SchemaRow> model_rows() { return kModelRows; }

}  // namespace bbprompt
