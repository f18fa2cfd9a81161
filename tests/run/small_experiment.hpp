#pragma once

#include "bbprompt/config/experiment_spec.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

// Soft prompt on the reviews with the quickstart's model: 8 train, 6 dev and 16 test examples.
inline ExperimentSpec small_experiment() {
  const auto quickstart = source_folder() / "configs/quickstart";
  ExperimentSpec spec;
  spec.name = "small";
  spec.model.path = quickstart / "tiny-roberta";
  spec.task.name = "reviews";
  spec.task.train = quickstart / "reviews/train.csv";
  spec.task.dev = quickstart / "reviews/dev.csv";
  spec.task.test = quickstart / "reviews/test.csv";
  spec.task.text_a = "text";
  spec.task.template_text = "{prompt} {text_a} It was {mask}.";
  spec.task.labels = {{.name = "negative", .words = {"bad"}},
                      {.name = "positive", .words = {"good"}}};
  spec.few_shot = {.train_per_class = 4, .dev_per_class = 3, .max_test = 16};
  spec.prompt.length = 3;
  spec.prompt.soft.dimension = 10;
  spec.optimizer.cma_es.population_size = 6;
  spec.budget.evaluations = 27;
  spec.shard_size = 5;
  return spec;
}

}  // namespace bbprompt::testing
