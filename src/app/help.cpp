#include "app/help.hpp"

#include <algorithm>
#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <cstdint>
#include <sstream>
#include <typeinfo>
#include <utility>
#include <vector>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/text_table.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kWidestName = 28;  // of an option; the text of a longer one begins below it

// An option as people read it.
struct OptionHelp {
  std::string name;  // "-h, --help", "--out FOLDER"
  std::string text;
};

std::string long_name(const po::option_description& option) {
  return option.canonical_display_name(po::command_line_style::allow_long);
}

OptionHelp help_of(const po::option_description& option) {
  constexpr std::string_view kDefault = " (=";
  std::string parameter = option.format_parameter();
  std::string text = option.description();
  const auto at = parameter.find(kDefault);
  if (at != std::string::npos) {
    std::string value = parameter.substr(at + kDefault.size());
    value.pop_back();  // the bracket
    text += " (default: " + value + ")";
    parameter.erase(at);
  }
  std::string name = long_name(option);
  if (option.format_name() != name) name = option.format_name().substr(0, 2) + ", " + name;
  if (!parameter.empty()) name += " " + parameter;
  return {.name = std::move(name), .text = std::move(text)};
}

// Paragraphs end with a line feed.
std::string wrapped_paragraphs(const std::string& text, std::size_t width) {
  std::string result;
  std::istringstream paragraphs(text);
  for (std::string line; std::getline(paragraphs, line);) result += wrapped(line, width);
  return result;
}

std::string options_text(const po::options_description& options, std::size_t width) {
  std::vector<OptionHelp> shown;
  std::size_t column = 0;
  for (const auto& option : options.options()) {
    shown.push_back(help_of(*option));
    if (shown.back().name.size() <= kWidestName)
      column = std::max(column, shown.back().name.size());
  }
  const std::size_t indent = 2 + column + 2;
  std::string result;
  for (const OptionHelp& option : shown) {
    std::string start = "  " + option.name;
    if (start.size() + 2 > indent) {
      result += start + "\n";
      start.clear();
    }
    start.resize(indent, ' ');
    result += start + wrapped(option.text, width, indent);
  }
  return result;
}

// What a value of the option's type is called.
std::string expected_value(const po::option_description& option) {
  const auto semantic = option.semantic();
  const auto* typed = dynamic_cast<const po::typed_value_base*>(semantic.get());
  if (typed == nullptr) return "another value";
  const std::type_info& type = typed->value_type();
  if (type == typeid(int) || type == typeid(std::int64_t)) return "a whole number";
  if (type == typeid(double)) return "a number such as 0.5";
  return "a value";
}

std::string unknown_option(const po::unknown_option& error, const CommandOptions& options) {
  std::vector<std::string> names;
  for (const auto& option : options.named.options()) names.push_back(long_name(*option));
  const std::string token = error.get_option_name();
  const std::string name = token.substr(0, token.find('='));
  return "unknown option " + printable(name) + suggestion(name, names);
}

// The value that does not fit: boost hands it out in its message alone.
std::string found_value(const po::error& error) {
  const std::string message = error.what();
  const auto begin = message.find("('");
  const auto end = message.rfind("')");
  if (begin == std::string::npos || end == std::string::npos) return "another text";
  return '"' + printable(message.substr(begin + 2, end - begin - 2)) + '"';
}

const po::option_description* find_option(const CommandOptions& options, const std::string& name) {
  const auto begin = name.find_first_not_of('-');
  const std::string bare = begin == std::string::npos ? name : name.substr(begin);
  for (const auto* all : {&options.named, &options.hidden}) {
    if (const auto* found = all->find_nothrow(bare, false)) return found;
  }
  return nullptr;
}

std::string first_positional(const CommandOptions& options) {
  const auto* option = find_option(options, options.positional.name_for_position(0));
  return option == nullptr ? "no value without an option" : option->description();
}

}  // namespace

std::string usage_text(const CommandHelp& help, std::size_t width) {
  constexpr std::size_t kIndent = 7;
  return "Usage: " + wrapped(help.usage, width, kIndent);
}

std::string help_text(const CommandOptions& options, std::size_t width) {
  return usage_text(options.help, width) + "\n" + wrapped_paragraphs(options.help.about, width) +
         "\nOptions:\n" + options_text(options.named, width) + "\nExample:\n" +
         options.help.example;
}

std::string describe_usage(const po::error& error, const CommandOptions& options) {
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error))
    return unknown_option(*unknown, options);
  if (dynamic_cast<const po::too_many_positional_options_error*>(&error) != nullptr)
    return "expected " + first_positional(options) + ", found more than that";
  const auto* named = dynamic_cast<const po::error_with_option_name*>(&error);
  if (named == nullptr) return error.what();
  const auto* option = find_option(options, named->get_option_name());
  if (option == nullptr) return error.what();
  if (dynamic_cast<const po::required_option*>(&error) != nullptr)
    return "expected " + option->description() + ", found nothing";
  const std::string name = long_name(*option);
  if (const auto* invalid = dynamic_cast<const po::validation_error*>(&error)) {
    if (invalid->kind() == po::validation_error::multiple_values_not_allowed)
      return name + ": expected one value, found several";
    return name + ": expected " + expected_value(*option) + ", found " + found_value(error);
  }
  if (dynamic_cast<const po::multiple_occurrences*>(&error) != nullptr)
    return name + ": expected once, found twice";
  if (const auto* syntax = dynamic_cast<const po::invalid_command_line_syntax*>(&error)) {
    const bool is_missing = syntax->kind() == po::invalid_syntax::missing_parameter ||
                            syntax->kind() == po::invalid_syntax::empty_adjacent_parameter;
    if (is_missing)
      return name + ": expected " + option->format_parameter() + " after it, found nothing";
    return name + ": expected no value";
  }
  return error.what();
}

}  // namespace bbprompt
