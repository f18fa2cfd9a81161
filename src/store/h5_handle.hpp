#pragma once

#include <hdf5.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bbprompt {

// Where an HDF5 call acts, for messages.
struct H5Place {
  std::string path;    // file
  std::string object;  // absolute path of the group, dataset or attribute in it
};

// Throws StoreError: "path: object: expected ..., found ...".
[[noreturn]] void h5_refuse(const H5Place& place, const std::string& message);

// Throws StoreError "cannot `doing`" with HDF5's own error stack, and clears that stack.
[[noreturn]] void h5_fail(const H5Place& place, std::string_view doing);

// The one wrapper around every HDF5 call: negative results throw.
template <typename Result>
Result h5_check(Result result, const H5Place& place, std::string_view doing) {
  if (static_cast<long long>(result) < 0) h5_fail(place, doing);
  return result;
}

// Owns one HDF5 identifier. Closing in the destructor cannot report a failure; where a failed close
// would lose data, close() is called first.
class H5Handle {
 public:
  using Closer = herr_t (*)(hid_t);

  H5Handle() = default;
  H5Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  H5Handle(H5Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), closer_(other.closer_) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  H5Handle(const H5Handle&) = delete;
  H5Handle& operator=(const H5Handle&) = delete;
  ~H5Handle() {
    if (id_ >= 0) closer_(id_);
  }

  [[nodiscard]] hid_t id() const { return id_; }
  void close(const H5Place& place) {
    if (id_ >= 0) h5_check(closer_(std::exchange(id_, H5I_INVALID_HID)), place, "close");
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Closer closer_ = nullptr;
};

// While it lives HDF5 prints nothing on this thread; errors reach the caller through h5_check.
class H5Silence {
 public:
  H5Silence();
  ~H5Silence();
  H5Silence(const H5Silence&) = delete;
  H5Silence& operator=(const H5Silence&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace bbprompt
