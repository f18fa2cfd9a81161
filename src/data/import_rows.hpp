#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/import_layout.hpp"

namespace bbprompt {

struct ImportRow {
  std::string text_a;
  std::string text_b;
  std::size_t label = 0;  // index in KnownTask::labels
  std::size_t file = 0;   // index in the files of its split
  std::int64_t line = 0;  // on which it starts; kXml: 0
  std::string id;         // kXml: of the article; MSR: both ids with a TAB between; else empty
};

// The rows of a file, and what of it are none.
struct ImportRows {
  std::vector<ImportRow> rows;
  std::int64_t num_blank = 0;     // left out: no text
  std::int64_t num_unagreed = 0;  // left out: no label that annotators agreed on
};

// Reads a file of any layout but kXml, kIdPairs and kUnlabelled.
[[nodiscard]] ImportRows read_import_rows(const KnownTask& task, const ImportLayout& layout,
                                          const ImportText& source);

// The pairs of ids of a kIdPairs file, each as ImportRow::id.
[[nodiscard]] std::vector<std::string> read_id_pairs(const ImportText& source);

// Index of a label as the file writes it: one of the task's, capitals ignored, or one that the
// layout translates; nothing for any other.
[[nodiscard]] std::optional<std::size_t> find_label(const KnownTask& task,
                                                    const ImportLayout& layout,
                                                    std::string_view label);

// "expected a label of qnli (...), found "maybe"".
[[nodiscard]] std::string unknown_label(const KnownTask& task, const ImportLayout& layout,
                                        std::string_view label);

}  // namespace bbprompt
