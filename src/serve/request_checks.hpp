#pragma once

#include <string>
#include <vector>

#include "serve/request_object.hpp"
#include "serve/served_model.hpp"

namespace bbprompt {

// What all routes ask of a request. They throw RequestError.

// `model`, where the request names one, is the one that is served (404).
void check_model(const RequestObject& object, const ServedModel& model);

// As many prompts as the limits allow.
void check_count(int count, const ServeLimits& limits, const std::string& param);

// Prompts of a request: each at least one token and no longer than the model, and together within
// the limits.
void check_lengths(const std::vector<std::vector<TokenId>>& prompts, const ServedModel& model,
                   const ServeLimits& limits);

}  // namespace bbprompt
