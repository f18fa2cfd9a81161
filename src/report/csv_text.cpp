#include "report/csv_text.hpp"

#include <cmath>
#include <string_view>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text, const char* special = ",\"\r\n") {
  if (text.find_first_of(special) == std::string::npos) return text;
  std::string cell = "\"";
  for (const char character : text) {
    if (character == '"') cell += '"';
    cell += character;
  }
  return cell + '"';
}

// Signs of full width, which some spreadsheets take for the plain ones: = + - @.
bool is_full_width_sign(const std::string& text) {
  for (const auto* sign : {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"}) {
    if (text == sign) return true;
  }
  return false;
}

// A quote in front has a spreadsheet take the text for text; it looks at the first character, past
// blanks, and at a control character as well.
std::string inert(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  const bool is_computed =
      first != text.npos &&
      (std::string_view("=+-@").find(text[first]) != std::string_view::npos ||
       static_cast<unsigned char>(text[first]) < 0x20 || is_full_width_sign(text.substr(first, 3)));
  std::string shown = is_computed ? "'" : "";
  for (const char character : text) {
    const bool is_control = static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
    shown += is_control ? printable(std::string(1, character)) : std::string(1, character);
  }
  return shown;
}

}  // namespace

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string csv_cell(const Json& value, const ReportRequest& request) {
  if (value.is_null()) return "";
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    // Where people write numbers with a comma, a spreadsheet cuts lines at semicolons.
    return request.is_for_spreadsheet ? quoted(inert(text), ",;\"") : quoted(text);
  }
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    const auto number = value.get<double>();
    if (std::isnan(number)) return "nan";
    return number > 0 ? "inf" : "-inf";
  }
  return dump(value);
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    line += cells[i];
  }
  return line + "\r\n";
}

}  // namespace bbprompt
