#pragma once

#include <string>
#include <vector>

#include "bbprompt/data/import.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

struct NamedText {
  std::string name;
  std::string text;
};

// Writes files into a folder of its own and imports them by their names.
class ImportFolder {
 public:
  ImportReport import(const std::string& task, const std::vector<NamedText>& files) {
    ImportRequest request{.task = task, .folder = out()};
    for (const NamedText& file : files) request.files.push_back(write(file));
    return import_data(request);
  }

  std::filesystem::path write(const NamedText& file) {
    write_text(folder_ / file.name, file.text);
    return folder_ / file.name;
  }

  [[nodiscard]] std::filesystem::path out() const { return folder_ / "out"; }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  // "" where there is no such file.
  [[nodiscard]] std::string written(const std::string& task, const std::string& split) const {
    return read_text(out() / task / (split + ".jsonl"));
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace bbprompt::testing
