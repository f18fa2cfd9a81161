#include "bbprompt/store/results_file.hpp"

#include "bbprompt/base/atomic_file.hpp"
#include "store/record_file.hpp"
#include "store/sealed_file.hpp"

namespace bbprompt {

void write_results(const std::filesystem::path& path, const Results& results) {
  replace_file(path, build_record_file(path, FileKind::kResults,
                                       [&](const H5Group& root) { write_run(root, results); }));
}

Results read_results(const std::filesystem::path& path, RecordDetail detail) {
  Results results;
  read_record_file(path, FileKind::kResults,
                   [&](const H5Group& root) { results = read_run_and_trials(root, detail); });
  return results;
}

}  // namespace bbprompt
