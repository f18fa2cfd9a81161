#include "store/h5_file.hpp"

#include <new>

namespace bbprompt {
namespace {

constexpr std::size_t kGrowthBytes = 512;

// HDF5 grows the new file through these; H5Fget_file_image is no alternative, as it spoils the
// superblock's checksum in HDF5 1.10.
void* grow_image(void* /*old*/, std::size_t size, H5FD_file_image_op_t /*why*/, void* data) {
  auto& image = *static_cast<std::string*>(data);
  try {
    image.resize(size);
  } catch (const std::exception&) {
    return nullptr;
  }
  return image.data();
}
void* first_image(std::size_t size, H5FD_file_image_op_t why, void* data) {
  return grow_image(nullptr, size, why, data);
}
herr_t keep_image(void* /*image*/, H5FD_file_image_op_t /*why*/, void* /*data*/) { return 0; }
void* share_data(void* data) { return data; }
herr_t keep_data(void* /*data*/) { return 0; }

H5Handle memory_access(const H5Place& where) {
  H5Handle access(h5_check(H5Pcreate(H5P_FILE_ACCESS), where, "create a property list"), H5Pclose);
  h5_check(H5Pset_fapl_core(access.id(), kGrowthBytes, false), where, "select memory storage");
  h5_check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_V110), where,
           "select the file format");
  return access;
}

// HDF5 takes two open files of one name for the same file.
std::string unique_name(const void* owner) {
  return "bbprompt-" + std::to_string(reinterpret_cast<std::uintptr_t>(owner));
}

}  // namespace

H5File::H5File(const std::filesystem::path& path)
    : ledger_(std::make_shared<H5Ledger>(H5Ledger{path.string(), 0})),
      image_(std::make_unique<std::string>()) {
  const H5Place where{.path = path.string(), .object = "/"};
  const H5Handle access = memory_access(where);
  H5FD_file_image_callbacks_t callbacks{first_image, nullptr,   grow_image,  keep_image,
                                        share_data,  keep_data, image_.get()};
  h5_check(H5Pset_file_image_callbacks(access.id(), &callbacks), where, "select memory storage");
  const H5Handle creation(h5_check(H5Pcreate(H5P_FILE_CREATE), where, "create a property list"),
                          H5Pclose);
  h5_check(H5Pset_userblock(creation.id(), kUserBlockBytes), where, "reserve the user block");
  h5_check(H5Pset_obj_track_times(creation.id(), false), where, "switch object times off");
  file_ = {h5_check(H5Fcreate(unique_name(image_.get()).c_str(), H5F_ACC_TRUNC, creation.id(),
                              access.id()),
                    where, "create the file"),
           H5Fclose};
}

H5File::H5File(const std::filesystem::path& path, std::string_view bytes)
    : ledger_(std::make_shared<H5Ledger>(H5Ledger{path.string(), bytes.size()})) {
  const H5Place where{.path = path.string(), .object = "/"};
  const H5Handle access = memory_access(where);
  // HDF5 copies the buffer and does not change it.
  h5_check(H5Pset_file_image(access.id(), const_cast<char*>(bytes.data()), bytes.size()), where,
           "hand the file to HDF5");
  file_ = {h5_check(H5Fopen(unique_name(bytes.data()).c_str(), H5F_ACC_RDONLY, access.id()), where,
                    "open the file"),
           H5Fclose};
}

H5Group H5File::root() const {
  const H5Place where{.path = ledger_->path, .object = "/"};
  H5Handle group(h5_check(H5Gopen2(file_.id(), "/", H5P_DEFAULT), where, "open the root group"),
                 H5Gclose);
  return {std::move(group), ledger_, "/"};
}

std::string H5File::finish() {
  file_.close({.path = ledger_->path, .object = "/"});
  return std::move(*image_);
}

}  // namespace bbprompt
