#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace bbprompt {

// A read-only memory map of a whole regular file; pages are shared by all processes of a node.
// Moves, does not copy. Throws StoreError when the file cannot be opened or is not regular.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Takes the pages of these bytes out of this process's memory; they come back when they are read.
// For those who go through a large file once. The bytes must be a MappedFile's: other memory would
// lose what is written there.
void release_pages(std::span<const std::byte> bytes);

}  // namespace bbprompt
