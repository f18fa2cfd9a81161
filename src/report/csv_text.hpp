#pragma once

#include <string>
#include <vector>

#include "bbprompt/base/json.hpp"
#include "bbprompt/report/report_table.hpp"

namespace bbprompt {

// JSON as text; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const nlohmann::ordered_json& value, int indent = -1);

// A cell of a CSV file (RFC 4180): quoted where it must be; empty for null, "nan" and "inf" as they
// are. For spreadsheets as ReportRequest says.
[[nodiscard]] std::string csv_cell(const nlohmann::ordered_json& value,
                                   const ReportRequest& request);

// The cells with commas between them and the line's end.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

}  // namespace bbprompt
