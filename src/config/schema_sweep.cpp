#include "config/schema.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kSpace = "a mapping from dotted keys to distributions";
constexpr std::string_view kConditions =
    "a list of mappings from keys to a value, a list of values or {min: ..., max: ...}";

constexpr SchemaRow kRows[] = {
    {.key = "sweep.axes",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{"a mapping from dotted keys to lists of values"};
     },
     .meaning = "grid: every combination of the values becomes a trial"},
    {.key = "sweep.variants",
     .field = [](ConfigFields&) -> FieldRef { return SweepField{kNamedSettings}; },
     .meaning = "named methods, each with settings that go together"},
    {.key = "sweep.zip",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{
           "a mapping from dotted keys to lists of values of one length, or a list "
           "of such mappings",
           true};
     },
     .meaning =
         "groups of keys whose values go together, first with first; each group is one axis"},
    {.key = "sweep.list",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{"a list of mappings from dotted keys to values", true};
     },
     .meaning = "points of your own choosing; together they are one axis"},
    {.key = "sweep.random.num_points",
     .field = [](ConfigFields& f) -> FieldRef { return &f.random.num_points; },
     .limits = {0, 1e5},
     .meaning = "number of different points to draw from `space`; together they are one axis"},
    {.key = "sweep.random.seed",
     .field = [](ConfigFields& f) -> FieldRef { return &f.random.seed; },
     .limits = {0, 1e15},
     .meaning = "another seed draws other points"},
    {.key = "sweep.random.space",
     .field = [](ConfigFields&) -> FieldRef { return SweepField{kSpace}; },
     .meaning = "`uniform`, `log_uniform`, `integer`, `log_integer`: [low, high]; `choice`: a list "
                "of values"},
    {.key = "sweep.quasi_random.num_points",
     .field = [](ConfigFields& f) -> FieldRef { return &f.quasi_random.num_points; },
     .limits = {0, 1e5},
     .meaning = "the same with points of a shifted Sobol sequence, which fill the space evenly"},
    {.key = "sweep.quasi_random.seed",
     .field = [](ConfigFields& f) -> FieldRef { return &f.quasi_random.seed; },
     .limits = {0, 1e15},
     .meaning = "another seed shifts the sequence"},
    {.key = "sweep.quasi_random.space",
     .field = [](ConfigFields&) -> FieldRef { return SweepField{kSpace}; },
     .meaning = "as in `sweep.random`"},
    {.key = "sweep.variations",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{
           "a list of {when: a condition, values: a mapping from dotted keys to lists of values}",
           true};
     },
     .meaning = "further trials next to those for which a condition holds, each with one of these "
                "values in place of its own"},
    {.key = "sweep.overrides",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{"a list of {when: a condition, set: a mapping from dotted keys to values}",
                         true};
     },
     .meaning = "further settings of the trials for which a condition holds"},
    {.key = "sweep.exclude",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{kConditions, true};
     },
     .meaning = "trials for which one of these conditions holds are left out"},
    {.key = "sweep.include",
     .field = [](ConfigFields&) -> FieldRef {
       return SweepField{kConditions, true};
     },
     .meaning = "not empty: only trials for which one of these conditions holds are kept"},
    {.key = "sweep.prompts_from.run",
     .field = [](ConfigFields& f) -> FieldRef { return &f.prompts_from.run; },
     .meaning =
         "folder of a finished run: its learned discrete prompts become variants `from-TASK`, "
         "or `from-TASK-METHOD` when they are of several methods; empty: none"},
    {.key = "sweep.prompts_from.own_run",
     .field = [](ConfigFields& f) -> FieldRef { return &f.prompts_from.own_run; },
     .meaning = "the same with the prompts that this run learns: the trials with them start when "
                "all others are done; not together with `sweep.prompts_from.run`"},
    {.key = "sweep.prompts_from.methods",
     .field = [](ConfigFields& f) -> FieldRef { return TextListField{&f.prompts_from.methods}; },
     .meaning = "methods of that run; empty: all that learned discrete prompts"},
    {.key = "sweep.prompts_from.per",
     .field = [](ConfigFields& f) -> FieldRef { return &f.prompts_from.per; },
     .choices = {"task"},
     .meaning = "`task`: of each task and method the prompt that is best on dev over seeds and "
                "settings (metric, then loss, then the first)"},
};

}  // namespace

std::span<const SchemaRow> sweep_rows() { return kRows; }

}  // namespace bbprompt
