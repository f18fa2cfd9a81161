#include "config/flow_advice.hpp"

#include <algorithm>
#include <vector>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// What is wrong with text that begins with a bracket: it is not closed, or goes on after it.
enum class FlowProblem { kNone, kNotClosed, kGoesOn };

FlowProblem problem_of_flow(std::string_view text) {
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return FlowProblem::kNone;
  int depth = 0;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      const std::string_view rest = trimmed(text.substr(at + 1));
      return rest.empty() || rest.front() == '#' ? FlowProblem::kNone : FlowProblem::kGoesOn;
    }
  }
  return FlowProblem::kNotClosed;
}

// The value in the line that begins at `begin`, and all that follows it.
std::string_view value_from(std::string_view text, std::size_t begin) {
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const auto colon = line.find(": ");
  const std::string_view rest =
      text.substr(begin + (colon == std::string_view::npos ? 0 : colon + 2));
  return rest.substr(std::min(rest.find_first_not_of(" -"), rest.size()));
}

std::string advice_on_quotes(std::string_view value, const std::string& end) {
  return std::string("; text that begins with ") + value.front() + " goes in quotes: \"" +
         printable(value, 30) + "\"" + end;
}

std::string advice_on_end(std::string_view value) {
  return value.front() == '[' ? "; the list is not closed, a ] is missing"
                              : "; the mapping is not closed, a } is missing";
}

// What people forget most: quotes around a template, the bracket at the end of a list.
std::string advice_on_value(std::string_view value) {
  const FlowProblem problem = problem_of_flow(trimmed(value));
  if (problem == FlowProblem::kNotClosed) return advice_on_end(value);
  if (problem == FlowProblem::kNone) return {};
  return advice_on_quotes(trimmed(value), ", inside the quotes of the shell");
}

// The same for a document; `at` is where the parser stopped, which may be long after the bracket.
std::string advice_on_document(std::string_view text, const ConfigPosition& at) {
  std::vector<std::size_t> begins{0};
  for (int line = 1; line < at.line; ++line) {
    const auto end = text.find('\n', begins.back());
    if (end == std::string_view::npos) break;
    begins.push_back(end + 1);
  }
  const std::string_view last = value_from(text, begins.back());
  const std::string_view on_line = trimmed(last.substr(0, last.find('\n')));
  if (problem_of_flow(on_line) == FlowProblem::kGoesOn) return advice_on_quotes(on_line, "");
  for (auto begin = begins.rbegin(); begin != begins.rend(); ++begin) {
    const std::string_view value = value_from(text, *begin);
    if (value.empty() || (value.front() != '[' && value.front() != '{')) continue;
    return problem_of_flow(value) == FlowProblem::kNotClosed ? advice_on_end(value) : "";
  }
  return {};
}

}  // namespace

std::string flow_advice(std::string_view text, const ConfigPosition& at, int first_line) {
  return first_line == 0 ? advice_on_value(trimmed(text)) : advice_on_document(text, at);
}

}  // namespace bbprompt
