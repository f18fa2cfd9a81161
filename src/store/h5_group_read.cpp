#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "store/h5_group.hpp"

namespace bbprompt {
namespace {

std::string describe_number(H5Number type) {
  switch (type) {
    case H5Number::kInt32:
      return "32-bit signed integers";
    case H5Number::kInt64:
      return "64-bit signed integers";
    case H5Number::kUint64:
      return "64-bit unsigned integers";
    case H5Number::kFloat:
      return "32-bit floats";
    case H5Number::kDouble:
      return "64-bit floats";
  }
  return "numbers";
}

void expect_number_type(const H5Handle& type, H5Number expected, const H5Place& where) {
  if (h5_check(H5Tequal(type.id(), h5_file_type(expected)), where, "compare types") == 0) {
    h5_refuse(where,
              "expected little-endian " + describe_number(expected) + ", found another type");
  }
}

// Bytes of one string with its closing NUL.
std::size_t string_size(const H5Handle& type, const H5Place& where) {
  const bool is_string = H5Tget_class(type.id()) == H5T_STRING;
  if (!is_string || h5_check(H5Tis_variable_str(type.id()), where, "look at a type") > 0 ||
      H5Tget_strpad(type.id()) != H5T_STR_NULLTERM) {
    h5_refuse(where, "expected NUL-terminated strings of fixed length, found another type");
  }
  return H5Tget_size(type.id());
}

// The string in its `form.size()` bytes: without the closing NUL.
std::string checked_text(std::string text, const H5Handle& type, const H5Place& where) {
  if (text.empty() || text.back() != '\0') h5_refuse(where, "expected a NUL-terminated string");
  text.pop_back();
  const bool is_utf8 = H5Tget_cset(type.id()) == H5T_CSET_UTF8;
  if (const auto offset = find_invalid_utf8(text); is_utf8 && offset) {
    h5_refuse(where, "not valid UTF-8 at byte " + std::to_string(*offset));
  }
  return text;
}

H5Shape shape_of(const H5Handle& space, int rank, const H5Place& where) {
  const auto kind = h5_check(H5Sget_simple_extent_type(space.id()), where, "look at a dataspace");
  const int found = h5_check(H5Sget_simple_extent_ndims(space.id()), where, "look at a dataspace");
  if (kind == H5S_NULL || found != rank) {
    h5_refuse(where, "expected " + std::to_string(rank) + " dimensions, found " +
                         (kind == H5S_NULL ? "no data" : std::to_string(found)));
  }
  H5Shape shape(static_cast<std::size_t>(rank));
  h5_check(H5Sget_simple_extent_dims(space.id(), shape.data(), nullptr), where, "read dimensions");
  return shape;
}

std::uint64_t num_values(const H5Shape& shape, const H5Place& where) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 48;
  std::uint64_t count = 1;
  for (const hsize_t size : shape) {
    if (size > kMost || (size != 0 && count > kMost / size)) {
      h5_refuse(where, "declares more values than any file can hold");
    }
    count *= size;
  }
  return count;
}

H5Handle dataset_space(const H5Handle& dataset, const H5Place& where) {
  return {h5_check(H5Dget_space(dataset.id()), where, "open the dataspace"), H5Sclose};
}

H5Handle dataset_type(const H5Handle& dataset, const H5Place& where) {
  return {h5_check(H5Dget_type(dataset.id()), where, "open the type"), H5Tclose};
}

void read_dataset(const H5Handle& dataset, hid_t type, void* to, const H5Place& where) {
  h5_check(H5Dread(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to), where,
           "read the dataset");
}

struct OpenAttribute {
  H5Handle attribute;
  H5Handle type;
};

OpenAttribute open_attribute(hid_t group, const std::string& name, const H5Place& where) {
  const hid_t opened = H5Aopen(group, name.c_str(), H5P_DEFAULT);
  if (opened < 0 && H5Aexists(group, name.c_str()) == 0) {
    H5Eclear2(H5E_DEFAULT);
    h5_refuse(where, "expected an attribute, found nothing");
  }
  H5Handle attribute(h5_check(opened, where, "open attribute"), H5Aclose);
  const H5Handle space(h5_check(H5Aget_space(attribute.id()), where, "open the dataspace"),
                       H5Sclose);
  shape_of(space, 0, where);
  H5Handle type(h5_check(H5Aget_type(attribute.id()), where, "open the type"), H5Tclose);
  return {std::move(attribute), std::move(type)};
}

void read_attribute_value(const OpenAttribute& open, hid_t type, void* to, const H5Place& where) {
  h5_check(H5Aread(open.attribute.id(), type, to), where, "read the attribute");
}

}  // namespace

H5Handle H5Group::open_object(const std::string& name, H5I_type_t kind) const {
  const H5Place where = place(name);
  const std::string wanted = kind == H5I_GROUP ? "a group" : "a dataset";
  H5L_info_t link;
  const herr_t found = H5Lget_info(handle_.id(), name.c_str(), &link, H5P_DEFAULT);
  if (found < 0 && H5Lexists(handle_.id(), name.c_str(), H5P_DEFAULT) == 0) {
    H5Eclear2(H5E_DEFAULT);
    h5_refuse(where, "expected " + wanted + ", found nothing");
  }
  h5_check(found, where, "look at the link");
  if (link.type != H5L_TYPE_HARD) {
    h5_refuse(where,
              "expected " + wanted + ", found a soft or external link; links are not followed");
  }
  const auto open = kind == H5I_GROUP ? H5Gopen2 : H5Dopen2;
  const hid_t opened = open(handle_.id(), name.c_str(), H5P_DEFAULT);
  if (opened < 0) {
    const H5Handle object(H5Oopen(handle_.id(), name.c_str(), H5P_DEFAULT), H5Oclose);
    if (object.id() >= 0 && H5Iget_type(object.id()) != kind) {
      H5Eclear2(H5E_DEFAULT);
      h5_refuse(where, "expected " + wanted + ", found another kind of object");
    }
  }
  return {h5_check(opened, where, "open it"), H5Oclose};
}

H5Group H5Group::open_group(const std::string& name) const {
  return {open_object(name, H5I_GROUP), ledger_, place(name).object};
}

std::size_t H5Group::num_children() const {
  H5G_info_t info;
  h5_check(H5Gget_info(handle_.id(), &info), place(), "look at the group");
  return info.nlinks;
}

std::vector<std::string> H5Group::child_names() const {
  const H5Place where = place();
  struct Listing {
    std::vector<std::string> names;
    std::uint64_t num_bytes = 0;
    std::uint64_t max_bytes;
  } listing{.names = {}, .max_bytes = ledger_->bytes_left};
  const auto append = [](hid_t /*group*/, const char* name, const H5L_info_t* /*link*/,
                         void* data) -> herr_t {
    auto& all = *static_cast<Listing*>(data);
    all.names.emplace_back(name);
    all.num_bytes += all.names.back().size() + 1;
    return all.num_bytes > all.max_bytes ? 1 : 0;  // 1: stop
  };
  h5_check(H5Literate(handle_.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, append, &listing), where,
           "list the group");
  spend(where, listing.num_bytes, 1);
  for (const std::string& name : listing.names) {
    if (find_invalid_utf8(name)) h5_refuse(where, "holds a name that is not valid UTF-8");
  }
  return std::move(listing.names);
}

H5Handle H5Group::open_dataset(const std::string& name) const {
  const H5Place where = place(name);
  H5Handle dataset = open_object(name, H5I_DATASET);
  // Only contiguous storage in this file has an offset; that of nothing has none.
  if (H5Dget_offset(dataset.id()) != HADDR_UNDEF) return dataset;
  const H5Handle creation(h5_check(H5Dget_create_plist(dataset.id()), where, "look at the storage"),
                          H5Pclose);
  if (h5_check(H5Pget_layout(creation.id()), where, "look at the storage") != H5D_CONTIGUOUS ||
      h5_check(H5Pget_external_count(creation.id()), where, "look at the storage") != 0) {
    h5_refuse(where,
              "expected contiguous storage in this file, found chunked, compact, virtual or "
              "external storage");
  }
  return dataset;
}

bool H5Group::has_attribute(const std::string& name) const {
  return h5_check(H5Aexists(handle_.id(), name.c_str()), place(name), "look for the attribute") > 0;
}

void H5Group::read_attribute(const std::string& name, std::string& value) const {
  const H5Place where = place(name);
  const OpenAttribute open = open_attribute(handle_.id(), name, where);
  const std::size_t size = string_size(open.type, where);
  spend(where, size, 1);
  std::string text(size, '\0');
  read_attribute_value(open, open.type.id(), text.data(), where);
  value = checked_text(std::move(text), open.type, where);
}

void H5Group::read_scalar(const std::string& name, H5Number type, void* to) const {
  const H5Place where = place(name);
  const OpenAttribute open = open_attribute(handle_.id(), name, where);
  expect_number_type(open.type, type, where);
  read_attribute_value(open, h5_memory_type(type), to, where);
}

void H5Group::read_attribute(const std::string& name, std::int64_t& value) const {
  read_scalar(name, H5Number::kInt64, &value);
}

void H5Group::read_attribute(const std::string& name, std::uint64_t& value) const {
  read_scalar(name, H5Number::kUint64, &value);
}

void H5Group::read_attribute(const std::string& name, double& value) const {
  read_scalar(name, H5Number::kDouble, &value);
}

std::string H5Group::read_text(const std::string& name) const {
  const H5Place where = place(name);
  const H5Handle dataset = open_dataset(name);
  shape_of(dataset_space(dataset, where), 0, where);
  const H5Handle type = dataset_type(dataset, where);
  const std::size_t size = string_size(type, where);
  spend(where, size, 1);
  std::string text(size, '\0');
  read_dataset(dataset, type.id(), text.data(), where);
  return checked_text(std::move(text), type, where);
}

std::vector<std::string> H5Group::read_texts(const std::string& name) const {
  const H5Place where = place(name);
  const H5Handle dataset = open_dataset(name);
  const std::uint64_t count = shape_of(dataset_space(dataset, where), 1, where).front();
  const H5Handle type = dataset_type(dataset, where);
  const std::size_t size = string_size(type, where);
  spend(where, count, size);
  std::string table(count * size, '\0');
  if (count > 0) read_dataset(dataset, type.id(), table.data(), where);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string text = checked_text(table.substr(i * size, size), type, where);
    texts.push_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

H5Group::Numbers H5Group::open_numbers(const std::string& name, H5Number type, int rank) const {
  const H5Place where = place(name);
  Numbers numbers;
  numbers.dataset = open_dataset(name);
  expect_number_type(dataset_type(numbers.dataset, where), type, where);
  numbers.shape = shape_of(dataset_space(numbers.dataset, where), rank, where);
  const std::uint64_t count = num_values(numbers.shape, where);
  spend(where, count, H5Tget_size(h5_file_type(type)));
  numbers.count = count;
  return numbers;
}

std::size_t H5Group::num_numbers(const std::string& name) const {
  const H5Place where = place(name);
  const H5Handle dataset = open_dataset(name);
  const std::uint64_t count = num_values(shape_of(dataset_space(dataset, where), 1, where), where);
  if (count > ledger_->bytes_left / sizeof(std::int64_t))
    h5_refuse(where, "declares more values than the file holds");
  return count;
}

void H5Group::read_raw(const std::string& name, const Numbers& numbers, H5Number type,
                       void* to) const {
  if (numbers.count == 0) return;
  read_dataset(numbers.dataset, h5_memory_type(type), to, place(name));
}

}  // namespace bbprompt
