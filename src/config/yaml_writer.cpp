#include <algorithm>
#include <array>

#include "config/field_io.hpp"

namespace bbprompt {
namespace {

// Words that some YAML reader takes for null or a boolean.
bool is_reserved(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::array<std::string_view, 10> kWords = {"null", "true", "false", "yes", "no",
                                                       "on",   "off",  "y",     "n",   "none"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

// Whether every YAML reader takes the bare text for text, in block and flow style.
bool is_safe_plain(const std::string& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text.front()) || is_reserved(text)) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  });
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        result += {'\\', c};
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          constexpr std::string_view kDigits = "0123456789abcdef";
          result += {'\\', 'x', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
        } else {
          result += c;
        }
    }
  }
  return result + '"';
}

// What was read without quotes, as it can be written again: numbers, booleans and plain words as
// they stand; anything else means the same only in quotes.
std::string raw_yaml(const std::string& text) {
  if (text.empty()) return "null";
  const bool is_simple = text != "-" && std::all_of(text.begin(), text.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') ||
                                  std::string_view("_-+./~").find(c) != std::string_view::npos;
                         });
  return is_simple && text != "---" && text != "..." ? text : quoted(text);
}

std::string text_yaml(const std::string& text) { return is_safe_plain(text) ? text : quoted(text); }

bool is_inline(const ConfigNode& node) {
  if (node.is_mapping()) return node.entries.empty();
  return std::none_of(node.items.begin(), node.items.end(), [](const ConfigNode& item) {
    return item.is_mapping() || item.is_sequence();
  });
}

// Writes `node` after "key:" or "-".
void append_value(const ConfigNode& node, std::size_t indent, std::string& yaml);

void append_mapping(const ConfigNode& node, std::size_t indent, std::string& yaml) {
  for (const auto& entry : node.entries) {
    // The first key of a mapping in a list goes on the line of the dash.
    if (yaml.empty() || yaml.back() == '\n') yaml.append(indent, ' ');
    yaml += text_yaml(entry.key) + ':';
    append_value(entry.value, indent, yaml);
  }
}

void append_value(const ConfigNode& node, std::size_t indent, std::string& yaml) {
  if (is_inline(node)) {
    yaml += ' ' + write_flow_yaml(node) + '\n';
  } else if (node.is_mapping()) {
    yaml += '\n';
    append_mapping(node, indent + 2, yaml);
  } else {
    yaml += '\n';
    for (const auto& item : node.items) {
      yaml.append(indent + 2, ' ');
      yaml += '-';
      if (item.is_mapping() && !is_inline(item)) {
        yaml += ' ';
        append_mapping(item, indent + 4, yaml);
      } else {
        yaml += ' ' + write_flow_yaml(item) + '\n';
      }
    }
  }
}

}  // namespace

void append_yaml(const YamlPlace& place, const ConfigNode& value, std::string& yaml) {
  yaml.append(place.indent, ' ').append(text_yaml(std::string(place.key))) += ':';
  append_value(value, place.indent, yaml);
}

std::string write_yaml(const ConfigNode& mapping) {
  std::string yaml;
  append_mapping(mapping, 0, yaml);
  return yaml;
}

std::string write_flow_yaml(const ConfigNode& value) {
  std::string yaml;
  switch (value.kind) {
    case ConfigNode::Kind::kNull:
      return "null";
    case ConfigNode::Kind::kScalar:
      return value.is_text ? text_yaml(value.text) : raw_yaml(value.text);
    case ConfigNode::Kind::kSequence:
      for (const auto& item : value.items) {
        yaml += (yaml.empty() ? "" : ", ") + write_flow_yaml(item);
      }
      return '[' + yaml + ']';
    case ConfigNode::Kind::kMapping:
      for (const auto& entry : value.entries) {
        yaml +=
            (yaml.empty() ? "" : ", ") + text_yaml(entry.key) + ": " + write_flow_yaml(entry.value);
      }
      return '{' + yaml + '}';
  }
  return yaml;
}

}  // namespace bbprompt
