#include "data/hyperpartisan.hpp"

#include <algorithm>
#include <map>
#include <pugixml.hpp>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr const char* kLabelAttribute = "hyperpartisan";

// Text of a node and all below, in document order.
class TextGatherer : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) text_ += node.value();
    return true;
  }
  [[nodiscard]] std::string stripped() const {
    constexpr std::string_view kSpaces = " \t\r\n\v\f";
    const auto begin = text_.find_first_not_of(kSpaces);
    if (begin == std::string::npos) return "";
    return text_.substr(begin, text_.find_last_not_of(kSpaces) + 1 - begin);
  }

 private:
  std::string text_;
};

// One file of the pair.
class ArticleFile {
 public:
  explicit ArticleFile(const ImportText& source) : source_(source) {
    const auto result =
        document_.load_buffer(source.text.data(), source.text.size(),
                              pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
    if (!result) {
      const bool is_cut = static_cast<std::size_t>(result.offset) + 2 >= source.text.size() ||
                          result.status == pugi::status_end_element_mismatch ||
                          source.text.rfind("</articles") == std::string::npos;
      fail_line(source, line_at(source.text, static_cast<std::size_t>(result.offset)),
                std::string("expected well-formed XML, found: ") + result.description() +
                    (is_cut ? "; was the file cut short?" : ""));
    }
    root_ = document_.document_element();
    if (std::string_view(root_.name()) != "articles" || !root_.child("article")) {
      fail_line(
          source, 1,
          "expected <articles> with <article> in it, found <" + printable(root_.name()) + ">");
    }
  }

  [[nodiscard]] bool is_truth() const {
    return static_cast<bool>(root_.child("article").attribute(kLabelAttribute));
  }

  [[nodiscard]] pugi::xml_object_range<pugi::xml_named_node_iterator> articles() const {
    return root_.children("article");
  }

  [[nodiscard]] std::int64_t line_of(const pugi::xml_node& node) const {
    const auto offset = node.offset_debug();
    return offset < 0 ? 1 : line_at(source_.text, static_cast<std::size_t>(offset));
  }

  [[nodiscard]] std::string attribute(const pugi::xml_node& node, const char* name) const {
    const auto found = node.attribute(name);
    if (!found) {
      fail_line(source_, line_of(node),
                std::string("expected an attribute ") + name + " of <article>, found none");
    }
    return found.value();
  }

  [[nodiscard]] const ImportText& source() const { return source_; }

 private:
  const ImportText& source_;
  pugi::xml_document document_;
  pugi::xml_node root_;
};

std::map<std::string, std::size_t> read_truth(const KnownTask& task, const ImportLayout& layout,
                                              const ArticleFile& file) {
  std::map<std::string, std::size_t> labels;
  for (const pugi::xml_node article : file.articles()) {
    const std::string id = file.attribute(article, "id");
    const std::string written = file.attribute(article, kLabelAttribute);
    const auto label = find_label(task, layout, written);
    if (!label) {
      fail_line(file.source(), file.line_of(article), unknown_label(task, layout, written));
    }
    if (!labels.emplace(id, *label).second) {
      fail_line(file.source(), file.line_of(article), "article " + printable(id) + " stands twice");
    }
  }
  return labels;
}

ImportRows join(const ArticleFile& articles, const ArticleFile& truth,
                std::map<std::string, std::size_t> labels) {
  ImportRows result;
  for (pugi::xml_node article : articles.articles()) {
    const std::string id = articles.attribute(article, "id");
    const auto label = labels.find(id);
    if (label == labels.end()) {
      fail_line(articles.source(), articles.line_of(article),
                "article " + printable(id) + " is there twice, or has no ground truth in " +
                    truth.source().file);
    }
    TextGatherer text;
    article.traverse(text);
    std::string stripped = text.stripped();
    if (stripped.empty()) {
      ++result.num_blank;
    } else {
      result.rows.push_back(
          {.text_a = std::move(stripped), .text_b = {}, .label = label->second, .id = id});
    }
    labels.erase(label);
  }
  if (!labels.empty()) {
    throw DataError(
        articles.source().file, 0,
        "expected every article of " + truth.source().file + ", found no article " +
            printable(labels.begin()->first) +
            (labels.size() > 1 ? " and " + std::to_string(labels.size() - 1) + " more" : "") +
            "; was the file cut short?");
  }
  return result;
}

}  // namespace

ImportRows read_hyperpartisan(const KnownTask& task, const ImportLayout& layout,
                              const std::vector<ImportText>& files) {
  if (files.size() != 2) {
    throw DataError(files.front().file, 0,
                    "expected two XML files per split, articles and ground truth, found " +
                        std::to_string(files.size()));
  }
  const ArticleFile first(files[0]);
  const ArticleFile second(files[1]);
  if (first.is_truth() == second.is_truth()) {
    throw DataError(files[1].file, 0,
                    std::string("expected ") + (first.is_truth() ? "articles" : "ground truth") +
                        " for " + files[0].file + ", found " +
                        (first.is_truth() ? "ground truth" : "articles") + " too");
  }
  const ArticleFile& truth = first.is_truth() ? first : second;
  const ArticleFile& articles = first.is_truth() ? second : first;
  return join(articles, truth, read_truth(task, layout, truth));
}

DealtRows deal_by_text(std::vector<ImportRow> rows) {
  std::vector<std::pair<std::string, ImportRow>> keyed;
  for (ImportRow& row : rows) {
    std::string key = sha256_hex(row.text_a) + row.id;
    keyed.emplace_back(std::move(key), std::move(row));
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::size_t tenth = (keyed.size() + 5) / 10;
  DealtRows dealt;
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    auto& split = i < tenth ? dealt.test : i < 2 * tenth ? dealt.dev : dealt.train;
    split.push_back(std::move(keyed[i].second));
  }
  for (auto* split : {&dealt.train, &dealt.dev, &dealt.test}) {
    std::sort(split->begin(), split->end(),
              [](const ImportRow& a, const ImportRow& b) { return a.id < b.id; });
  }
  return dealt;
}

}  // namespace bbprompt
