#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// A run for a terminal. First a row per task and method: task, method, seeds (trials done), failed,
// metric, dev, test, manual (the written prompt on test), gain (test minus manual), queries (paid
// by the search, mean over seeds); metrics times 100, mean ± sample standard deviation over seeds.
// Then the prompt each row would use (best on dev), then why trials failed, where any did. Text out
// of the files is made printable and long prompts are cut; the other two forms have them whole.
[[nodiscard]] std::string to_text(const Results& results);

// One line per trial with all its figures, in plan order, under a line of column names; RFC 4180
// (comma, CRLF, quotes doubled). Metrics are fractions with every digit; an empty cell: there is no
// such value; "nan" and "inf" as they are. Columns as in results/README.md.
[[nodiscard]] std::string to_csv(const Results& results);

// {"run": ..., "digest": ..., "summary": [a row per task and method], "trials": [as the CSV]};
// every digit kept. What is absent or not finite is null; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_json(const Results& results);

}  // namespace bbprompt
