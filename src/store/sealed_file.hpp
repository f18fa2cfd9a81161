#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace bbprompt {

// What a file of the store holds.
enum class FileKind { kCheckpoint, kTrial, kResults };
[[nodiscard]] std::string to_string(FileKind kind);

// Version of the schema in results/README.md. Files of another version are refused.
inline constexpr int kSchemaVersion = 2;

// HDF5 notices neither flipped bits in data nor, safely, damaged structure. So every file of the
// store begins with a seal in HDF5's user block: 512 bytes of text, NUL-padded, that other HDF5
// readers skip:
//
//   bbprompt-hdf5
//   schema 2
//   kind checkpoint
//   size 34816                (bytes of the whole file)
//   sha256 <64 hex digits>    (of all bytes after the user block)
inline constexpr std::size_t kSealBytes = 512;

// Writes the seal into the first kSealBytes of `file`, an HDF5 file with that user block.
void seal(std::string& file, FileKind kind);

// Checks seal, size and hash of a file's bytes. Throws StoreError when it is no sealed file, was
// cut or changed, is of another schema version, or of another kind than `expected`. `path` is for
// messages.
void verify_seal(const std::filesystem::path& path, std::string_view file, FileKind expected);

// Kind that a file's seal states; nothing but the seal's form is checked. Throws StoreError.
[[nodiscard]] FileKind sealed_kind(const std::filesystem::path& path);

}  // namespace bbprompt
