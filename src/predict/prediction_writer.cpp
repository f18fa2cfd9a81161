#include "bbprompt/predict/prediction_writer.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

[[noreturn]] void fail(const fs::path& path, const char* doing) {
  throw StoreError(path.string(), std::string("cannot ") + doing + ": " + std::strerror(errno));
}

// Length of the first record of a CSV text, its line end included; nothing where it is not whole.
std::optional<std::size_t> record_length(std::string_view text) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_quoted = !is_quoted;  // a doubled one ends and begins
    if (text[i] == '\n' && !is_quoted) return i + 1;
  }
  return std::nullopt;
}

// The second cell of a record, which names the predicted label.
std::string predicted_of_record(std::string_view record) {
  const std::size_t begin = record.find(',') + 1;
  if (begin >= record.size() || record[begin] != '"')
    return std::string(record.substr(begin, record.find(',', begin) - begin));
  std::string cell;
  for (std::size_t i = begin + 1; i < record.size(); ++i) {
    if (record[i] == '"' && (i + 1 == record.size() || record[++i] != '"')) break;
    cell += record[i];
  }
  return cell;
}

}  // namespace

std::string header_of(const PredictionLayout& layout) {
  if (layout.format == PredictionFormat::kJsonl) return {};
  std::string line = "row,predicted,label";
  for (const std::string& label : layout.labels) line += ',' + csv_cell("p_" + label);
  line += ',' + csv_cell(layout.text_a);
  if (!layout.text_b.empty()) line += ',' + csv_cell(layout.text_b);
  return line + '\n';
}

std::string line_of(const PredictionLayout& layout, const Prediction& prediction) {
  const Example& example = prediction.example;
  const std::string& predicted = layout.labels.at(static_cast<std::size_t>(prediction.predicted));
  const std::string known =
      example.label < 0 ? std::string() : layout.labels.at(static_cast<std::size_t>(example.label));
  if (layout.format == PredictionFormat::kJsonl) {
    nlohmann::ordered_json json = {{"row", example.row}, {"predicted", predicted}};
    json["label"] =
        example.label < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(known);
    for (std::size_t i = 0; i < layout.labels.size(); ++i)
      json["probabilities"][layout.labels[i]] = prediction.probabilities.at(i);
    json[layout.text_a] = example.text_a;
    if (!layout.text_b.empty()) json[layout.text_b] = example.text_b;
    return json.dump() + '\n';
  }
  std::string line =
      std::to_string(example.row) + ',' + csv_cell(predicted) + ',' + csv_cell(known);
  for (const double p : prediction.probabilities) line += fmt::format(",{}", p);
  line += ',' + csv_cell(example.text_a);
  if (!layout.text_b.empty()) line += ',' + csv_cell(example.text_b);
  return line + '\n';
}

PredictionFile::PredictionFile(fs::path path, PredictionLayout layout, const std::string& identity,
                               bool may_replace)
    : path_(std::move(path)), layout_(std::move(layout)), may_replace_(may_replace) {
  partial_ = path_.string() + ".partial";
  identity_file_ = partial_.string() + ".of";
  std::error_code ignored;
  for (const fs::path& file : {path_, partial_, identity_file_}) {
    const auto type = fs::symlink_status(file, ignored).type();
    if (type != fs::file_type::not_found && type != fs::file_type::regular)
      throw StoreError(file.string(), "expected a file to write, found something else");
  }
  if (fs::exists(path_) && !may_replace)
    throw StoreError(path_.string(), "there is such a file; give another name, or --overwrite");
  if (fs::exists(partial_) && !fs::exists(identity_file_) && !may_replace) {
    throw StoreError(
        partial_.string(),
        "expected the file FILE.partial.of beside it, found none; remove this one to begin again");
  }
  const bool is_mine =
      fs::exists(partial_) && fs::exists(identity_file_) && read_file(identity_file_) == identity;
  if (fs::exists(partial_) && !is_mine && !may_replace) {
    throw StoreError(partial_.string(),
                     "holds a part of other predictions (another prompt, input or format); give "
                     "another name, or --overwrite");
  }
  if (!is_mine) {
    fs::remove(partial_, ignored);
    replace_file(identity_file_, identity);
  }
  descriptor_ =
      ::open(partial_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor_ < 0) fail(partial_, "create");
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor_, F_OFD_SETLK, &whole) != 0 && (errno == EAGAIN || errno == EACCES)) {
    ::close(descriptor_);
    throw StoreError(
        partial_.string(),
        "another bbprompt writes these predictions; wait for it, or give another name");
  }
  try {
    go_on();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

// A process that was killed may have left half a row, which goes.
void PredictionFile::go_on() {
  const std::string text = read_file(partial_);
  const std::string header = header_of(layout_);
  std::size_t at = 0;
  if (!text.starts_with(header)) {
    if (::ftruncate(descriptor_, 0) != 0) fail(partial_, "cut");
    add(header);
    return;
  }
  at = header.size();
  while (at < text.size()) {
    const std::string_view rest = std::string_view(text).substr(at);
    const bool is_csv = layout_.format == PredictionFormat::kCsv;
    const std::size_t line_end = rest.find('\n');
    const auto length = is_csv                               ? record_length(rest)
                        : line_end == std::string_view::npos ? std::nullopt
                                                             : std::optional(line_end + 1);
    if (!length) break;
    const std::string_view record = rest.substr(0, *length);
    const std::string name = is_csv ? predicted_of_record(record)
                                    : parse_json(record).at("predicted").get<std::string>();
    const auto label = std::find(layout_.labels.begin(), layout_.labels.end(), name);
    if (label == layout_.labels.end())
      throw StoreError(partial_.string(), "damaged; remove it and its .of file to begin again");
    earlier_.push_back(static_cast<int>(label - layout_.labels.begin()));
    at += *length;
  }
  if (::ftruncate(descriptor_, static_cast<off_t>(at)) != 0) fail(partial_, "cut");
}

PredictionFile::~PredictionFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PredictionFile::add(const std::string& lines) {
  for (std::size_t done = 0; done < lines.size();) {
    const auto count = ::write(descriptor_, lines.data() + done, lines.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_, "write");
    done += static_cast<std::size_t>(count);
  }
  if (::fdatasync(descriptor_) != 0) fail(path_, "fsync");
}

void PredictionFile::finish() {
  // Not over a file that appeared meanwhile.
  if (!may_replace_ && fs::exists(path_))
    throw StoreError(path_.string(),
                     "there is such a file now; the rows are in " + partial_.string());
  if (::rename(partial_.c_str(), path_.c_str()) != 0) fail(path_, "replace");
  std::error_code ignored;
  fs::remove(identity_file_, ignored);
}

}  // namespace bbprompt
