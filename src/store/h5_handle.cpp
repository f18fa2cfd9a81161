#include "store/h5_handle.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxReasonBytes = 400;

// Outermost first: what was attempted, then why it did not work.
herr_t append_reason(unsigned /*depth*/, const H5E_error2_t* error, void* data) {
  auto& reasons = *static_cast<std::string*>(data);
  if (error->desc == nullptr || reasons.size() > kMaxReasonBytes) return 0;
  if (!reasons.empty()) reasons += "; ";
  reasons += error->desc;
  return 0;
}

}  // namespace

void h5_refuse(const H5Place& place, const std::string& message) {
  throw StoreError(place.path, printable(place.object, 200) + ": " + message);
}

void h5_fail(const H5Place& place, std::string_view doing) {
  std::string reasons;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, append_reason, &reasons);
  H5Eclear2(H5E_DEFAULT);
  h5_refuse(place,
            "cannot " + std::string(doing) + ": " +
                (reasons.empty() ? "HDF5 gave no reason" : printable(reasons, kMaxReasonBytes)));
}

H5Silence::H5Silence() {
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

H5Silence::~H5Silence() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

}  // namespace bbprompt
