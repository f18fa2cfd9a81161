#include "store/sealed_file.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "bbprompt-hdf5\n";
constexpr std::size_t kMaxDigits = 18;
constexpr std::array kKinds{FileKind::kCheckpoint, FileKind::kTrial, FileKind::kResults};

struct SealText {
  std::uint64_t schema = 0;
  std::string kind;
  std::uint64_t size = 0;
  std::string sha256;
};

std::string render(const SealText& seal) {
  std::string text(kMagic);
  text += "schema " + std::to_string(seal.schema) + "\nkind " + seal.kind + "\nsize " +
          std::to_string(seal.size) + "\nsha256 " + seal.sha256 + "\n";
  text.resize(kSealBytes, '\0');
  return text;
}

// Value of the line "`key` value" at the front of `text`, which moves on to what follows.
std::string take_line(std::string_view& text, std::string_view key) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, key.size()) != key) return {};
  std::string value(text.substr(key.size(), end - key.size()));
  text.remove_prefix(end + 1);
  return value;
}

std::uint64_t to_number(const std::string& digits) {
  const bool is_number = !digits.empty() && digits.size() <= kMaxDigits &&
                         digits.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::stoull(digits) : 0;
}

SealText parse(const fs::path& path, std::string_view file) {
  if (file.size() < kSealBytes) {
    throw StoreError(path.string(), "cut or not written by bbprompt: expected a seal of " +
                                        std::to_string(kSealBytes) + " bytes, found " +
                                        std::to_string(file.size()) +
                                        " bytes; restore the file or delete it");
  }
  std::string_view rest = file.substr(0, kSealBytes);
  if (rest.substr(0, kMagic.size()) != kMagic) {
    throw StoreError(path.string(), R"(expected a file that begins with "bbprompt-hdf5", found ")" +
                                        printable(rest.substr(0, kMagic.size())) +
                                        "\"; only files written by bbprompt can be read");
  }
  rest.remove_prefix(kMagic.size());
  SealText seal;
  seal.schema = to_number(take_line(rest, "schema "));
  seal.kind = take_line(rest, "kind ");
  seal.size = to_number(take_line(rest, "size "));
  seal.sha256 = take_line(rest, "sha256 ");
  if (render(seal) != file.substr(0, kSealBytes)) {
    throw StoreError(path.string(),
                     "damaged seal in the first 512 bytes; restore the file or delete it");
  }
  return seal;
}

std::optional<FileKind> kind_named(const std::string& name) {
  for (const FileKind kind : kKinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(FileKind kind) {
  switch (kind) {
    case FileKind::kCheckpoint:
      return "checkpoint";
    case FileKind::kTrial:
      return "trial";
    case FileKind::kResults:
      return "results";
  }
  return "unknown";
}

void seal(std::string& file, FileKind kind) {
  const SealText text{.schema = kSchemaVersion,
                      .kind = to_string(kind),
                      .size = file.size(),
                      .sha256 = sha256_hex(std::string_view(file).substr(kSealBytes))};
  file.replace(0, kSealBytes, render(text));
}

void verify_seal(const fs::path& path, std::string_view file, FileKind expected) {
  const SealText text = parse(path, file);
  if (text.schema != kSchemaVersion) {
    throw StoreError(path.string(), "expected schema version " + std::to_string(kSchemaVersion) +
                                        ", found " + std::to_string(text.schema) +
                                        "; read it with the version of bbprompt that wrote it");
  }
  if (text.kind != to_string(expected)) {
    throw StoreError(path.string(), "expected a " + to_string(expected) + " file, found a " +
                                        printable(text.kind) + " file");
  }
  if (text.size != file.size()) {
    throw StoreError(path.string(), "expected " + std::to_string(text.size) + " bytes, found " +
                                        std::to_string(file.size()) +
                                        ": the file was cut or something was added; restore it or "
                                        "delete it");
  }
  const std::string found = sha256_hex(file.substr(kSealBytes));
  if (text.sha256 != found) {
    throw StoreError(path.string(),
                     "the contents changed since they were written: expected SHA-256 " +
                         text.sha256 + ", found " + found + "; restore the file or delete it");
  }
}

FileKind sealed_kind(const fs::path& path) {
  const MappedFile file(path);
  const auto* text = reinterpret_cast<const char*>(file.bytes().data());
  const SealText seal = parse(path, {text, file.bytes().size()});
  if (const auto kind = kind_named(seal.kind)) return *kind;
  throw StoreError(path.string(), "expected a checkpoint, trial or results file, found kind \"" +
                                      printable(seal.kind) + "\"");
}

}  // namespace bbprompt
