#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "store/h5_group.hpp"

namespace bbprompt {

// Bytes in front of the HDF5 data that HDF5 leaves to us: the seal of sealed_file.hpp.
inline constexpr std::size_t kUserBlockBytes = 512;

// An HDF5 file in memory (HDF5's "core" driver). HDF5 itself never touches the disk: what it reads
// has been verified as a whole before, and what it wrote goes to disk in one checked write, so that
// a full disk is an ordinary error and no library state outlives it.
class H5File {
 public:
  // A new, empty file with a zeroed user block. `path` is for messages.
  explicit H5File(const std::filesystem::path& path);

  // Opens the file held in `bytes` (copied), read only.
  H5File(const std::filesystem::path& path, std::string_view bytes);

  [[nodiscard]] H5Group root() const;

  // Closes a new file and returns its bytes, user block included. Groups of it must be gone.
  [[nodiscard]] std::string finish();

 private:
  H5Silence silence_;
  std::shared_ptr<H5Ledger> ledger_;
  std::unique_ptr<std::string> image_;  // address known to HDF5 while the file is open
  H5Handle file_;
};

}  // namespace bbprompt
