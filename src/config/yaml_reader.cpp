#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/config_node.hpp"
#include "config/flow_advice.hpp"
#include "config/text_rules.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxExpandedBytes = std::size_t{32} << 20;
// A document that is no tree of values; advice is added where it is caught.
struct FormError {
  ConfigPosition position;
  std::string message;
};

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Line and column of a byte, in characters.
class PositionFinder {
 public:
  PositionFinder(std::string_view text, const std::string& file, int first_line)
      : file_(std::make_shared<const std::string>(file)), first_line_(first_line) {
    num_characters_.reserve(text.size() + 1);
    std::uint32_t count = 0;
    for (const char byte : text) {
      num_characters_.push_back(count);
      if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++count;
      if (byte == '\n') line_ends_.push_back(num_characters_.size());
    }
    num_characters_.push_back(count);
  }

  [[nodiscard]] ConfigPosition at(std::size_t byte) const {
    if (first_line_ == 0) return {file_, 0, 0};
    byte = std::min(byte, num_characters_.size() - 1);
    const auto end = std::upper_bound(line_ends_.begin(), line_ends_.end(), byte);
    const std::size_t start = end == line_ends_.begin() ? 0 : *std::prev(end);
    return {file_, first_line_ + static_cast<int>(end - line_ends_.begin()),
            1 + static_cast<int>(num_characters_[byte] - num_characters_[start])};
  }
  [[nodiscard]] ConfigPosition at(const YAML::Mark& mark) const {
    return mark.is_null() ? ConfigPosition{file_, 0, 0} : at(static_cast<std::size_t>(mark.pos));
  }

 private:
  std::shared_ptr<const std::string> file_;
  int first_line_;
  std::vector<std::uint32_t> num_characters_;  // before each byte
  std::vector<std::size_t> line_ends_;         // byte after each line feed
};

// Builds the tree from the parser's events. Depth is checked at each start, before the parser
// recurses into the value.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const PositionFinder& positions) : positions_(positions) {
    root_.position = positions.at(0);
  }

  [[nodiscard]] ConfigNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++num_documents_ > 1) throw FormError{positions_.at(mark), "expected one YAML document"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node;
    node.position = positions_.at(mark);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      fail_config(positions_.at(mark), "", "an alias refers to the value that contains it");
    charge(known->second.cost, positions_.at(mark));
    add(known->second.node, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    ConfigNode node;
    node.kind = ConfigNode::Kind::kScalar;
    node.position = positions_.at(mark);
    check_tag(tag, node.position);
    if (const auto bad = find_forbidden_character(value, TabRule::kAllow)) {
      fail_config(node.position, "", "expected plain text, found a " + bad->name);
    }
    node.text = value;
    node.is_text = tag == "!";
    charge(cost_of(node), node.position);
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(ConfigNode::Kind::kSequence, positions_.at(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(ConfigNode::Kind::kMapping, positions_.at(mark), tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    std::set<std::string> keys;
    std::optional<ConfigEntry> entry;  // a key that waits for its value
  };
  struct Anchored {
    ConfigNode node;
    std::size_t cost = 0;
  };

  static std::size_t cost_of(const ConfigNode& node) {
    std::size_t cost = sizeof(ConfigEntry) + node.text.size();
    for (const auto& item : node.items) cost += cost_of(item);
    for (const auto& entry : node.entries) cost += entry.key.size() + cost_of(entry.value);
    return cost;
  }

  void charge(std::size_t cost, const ConfigPosition& at) {
    num_bytes_ += cost;
    if (num_bytes_ > kMaxExpandedBytes) {
      fail_config(
          at, "",
          "the document is too large once its aliases are expanded; expected at most 32 MiB");
    }
  }

  static void check_tag(const std::string& tag, const ConfigPosition& at) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail_config(at, "", "expected no YAML tag, found \"" + printable(tag) + '"');
    }
  }

  [[nodiscard]] bool is_key_next() const {
    return !stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().entry;
  }

  void open(ConfigNode::Kind kind, ConfigPosition at, const std::string& tag,
            YAML::anchor_t anchor) {
    check_tag(tag, at);
    if (is_key_next()) throw FormError{at, "expected text as a key, found a list or mapping"};
    if (stack_.size() >= kMaxDepth) {
      fail_config(
          at, "",
          "lists and mappings are nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.position = std::move(at);
    frame.anchor = anchor;
    charge(cost_of(frame.node), frame.node.position);
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(ConfigNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const std::size_t cost = cost_of(node);
      charge(cost, node.position);
      anchors_[anchor] = {node, cost};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (stack_.back().node.is_sequence()) {
      stack_.back().node.items.push_back(std::move(node));
    } else if (!stack_.back().entry) {
      add_key(stack_.back(), node);
    } else {
      ConfigEntry& entry = *stack_.back().entry;
      if (node.is_null()) node.position = entry.position;
      entry.value = std::move(node);
      stack_.back().node.entries.push_back(std::move(entry));
      stack_.back().entry.reset();
    }
  }

  static void add_key(Frame& frame, const ConfigNode& key) {
    if (!key.is_scalar()) {
      fail_config(key.position, "", "expected text as a key, found " + describe(key));
    }
    if (!frame.keys.insert(key.text).second) {
      fail_config(key.position, key.text, "key is written twice in one mapping");
    }
    frame.entry = ConfigEntry{key.text, key.position, {}};
  }

  const PositionFinder& positions_;
  ConfigNode root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t num_bytes_ = 0;
  int num_documents_ = 0;
};

void check_text(std::string_view text, const PositionFinder& positions) {
  if (const auto at = find_invalid_utf8(text)) {
    fail_config(positions.at(*at), "", "expected UTF-8 text, found an invalid byte");
  }
  if (const auto bad = find_forbidden_character(text, TabRule::kRefuse)) {
    fail_config(positions.at(bad->offset), "",
                "expected plain text, found a " + bad->name + bad->advice);
  }
}

}  // namespace

ConfigNode parse_yaml(std::string_view text, const std::string& file, int first_line) {
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const PositionFinder positions(text, file, first_line);
  check_text(text, positions);
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(positions);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const ConfigPosition at = positions.at(error.mark);
    fail_config(at, "", "not well-formed YAML: " + error.msg + flow_advice(text, at, first_line));
  } catch (const FormError& error) {
    const std::string advice = flow_advice(text, error.position, first_line);
    fail_config(error.position, "", advice.empty() ? error.message : advice.substr(2));
  }
  return builder.take();
}

}  // namespace bbprompt
