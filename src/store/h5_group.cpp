#include "store/h5_group.hpp"

#include <array>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

H5Group::H5Group(H5Handle handle, std::shared_ptr<H5Ledger> ledger, std::string name)
    : handle_(std::move(handle)), ledger_(std::move(ledger)), name_(std::move(name)) {}

H5Place H5Group::place(std::string_view child) const {
  std::string object = name_;
  if (!child.empty()) {
    if (object.back() != '/') object += '/';
    object += child;
  }
  return {.path = ledger_->path, .object = object};
}

void H5Group::spend(const H5Place& where, std::uint64_t count, std::uint64_t size) const {
  if (size != 0 && count > ledger_->bytes_left / size) {
    h5_refuse(where, "declares " + std::to_string(count) + " values of " + std::to_string(size) +
                         " bytes, expected at most the " + std::to_string(ledger_->bytes_left) +
                         " bytes left of the file; the file was not written by bbprompt");
  }
  ledger_->bytes_left -= count * size;
}

hid_t h5_file_type(H5Number type) {
  const std::array types{H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U64LE, H5T_IEEE_F32LE,
                         H5T_IEEE_F64LE};
  return types.at(static_cast<std::size_t>(type));
}

hid_t h5_memory_type(H5Number type) {
  const std::array types{H5T_NATIVE_INT32, H5T_NATIVE_INT64, H5T_NATIVE_UINT64, H5T_NATIVE_FLOAT,
                         H5T_NATIVE_DOUBLE};
  return types.at(static_cast<std::size_t>(type));
}

}  // namespace bbprompt
