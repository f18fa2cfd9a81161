#pragma once

#include <string>
#include <vector>

#include "bbprompt/data/known_task.hpp"
#include "data/import_rows.hpp"

namespace bbprompt {

// Adds a line to `differences` where the counts of a split are none of those published for it, or
// to `notes` where none are. A test split of a task that is tested on dev is compared with dev.
// Rows without text, which are left out, count.
void compare_published(const KnownTask& task, const std::string& split, const ImportRows& rows,
                       std::vector<std::string>& differences, std::vector<std::string>& notes);

}  // namespace bbprompt
