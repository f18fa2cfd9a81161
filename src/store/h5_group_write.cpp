#include <algorithm>
#include <cstring>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "store/h5_group.hpp"

namespace bbprompt {
namespace {

// Groups up to this size keep their links and attributes in one piece, in the object header.
constexpr unsigned kMaxCompact = 32;
constexpr unsigned kMinDense = 24;

H5Handle property_list(hid_t kind, const H5Place& where) {
  H5Handle list(h5_check(H5Pcreate(kind), where, "create a property list"), H5Pclose);
  // Equal contents give equal bytes: no times in object headers.
  h5_check(H5Pset_obj_track_times(list.id(), false), where, "switch object times off");
  return list;
}

H5Handle scalar_space(const H5Place& where) {
  return {h5_check(H5Screate(H5S_SCALAR), where, "create a dataspace"), H5Sclose};
}

H5Handle simple_space(const H5Shape& shape, const H5Place& where) {
  const auto rank = static_cast<int>(shape.size());
  return {h5_check(H5Screate_simple(rank, shape.data(), nullptr), where, "create a dataspace"),
          H5Sclose};
}

struct StringForm {
  std::size_t size = 0;  // with the closing NUL
  H5T_cset_t charset = H5T_CSET_UTF8;
};

H5T_cset_t charset_of(std::string_view text) {
  return find_invalid_utf8(text) ? H5T_CSET_ASCII : H5T_CSET_UTF8;
}

H5Handle string_type(const StringForm& form, const H5Place& where) {
  H5Handle type(h5_check(H5Tcopy(H5T_C_S1), where, "create a string type"), H5Tclose);
  h5_check(H5Tset_size(type.id(), form.size), where, "size a string type");
  h5_check(H5Tset_cset(type.id(), form.charset), where, "mark a string type");
  return type;
}

H5Handle single_string_type(std::string_view text, const H5Place& where) {
  return string_type({.size = text.size() + 1, .charset = charset_of(text)}, where);
}

struct NewDataset {
  hid_t type;
  hid_t space;
};

H5Handle create_dataset(hid_t group, const std::string& name, NewDataset what,
                        const H5Place& where) {
  const H5Handle creation = property_list(H5P_DATASET_CREATE, where);
  return {h5_check(H5Dcreate2(group, name.c_str(), what.type, what.space, H5P_DEFAULT,
                              creation.id(), H5P_DEFAULT),
                   where, "create a dataset"),
          H5Dclose};
}

void write_dataset(const H5Handle& dataset, hid_t type, const void* values, const H5Place& where) {
  h5_check(H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), where,
           "write a dataset");
}

H5Handle create_attribute(hid_t group, const std::string& name, hid_t type, const H5Place& where) {
  const H5Handle space = scalar_space(where);
  return {h5_check(H5Acreate2(group, name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
                   where, "create an attribute"),
          H5Aclose};
}

void write_attribute_value(const H5Handle& attribute, hid_t type, const void* value,
                           const H5Place& where) {
  h5_check(H5Awrite(attribute.id(), type, value), where, "write an attribute");
}

// A link name is one path component.
void check_name(const std::string& name, const H5Place& where) {
  const bool is_one_component = !name.empty() && name != "." && name != ".." &&
                                name.find('/') == std::string::npos &&
                                name.find('\0') == std::string::npos && !find_invalid_utf8(name);
  if (!is_one_component) {
    h5_refuse(where, "expected a name without '/', found \"" + printable(name) +
                         "\"; rename the trial, split or array");
  }
}

}  // namespace

H5Group H5Group::create_group(const std::string& name) const {
  const H5Place where = place(name);
  check_name(name, where);
  const H5Handle creation = property_list(H5P_GROUP_CREATE, where);
  h5_check(H5Pset_link_phase_change(creation.id(), kMaxCompact, kMinDense), where,
           "set link storage");
  h5_check(H5Pset_attr_phase_change(creation.id(), kMaxCompact, kMinDense), where,
           "set attribute storage");
  H5Handle group(
      h5_check(H5Gcreate2(handle_.id(), name.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
               where, "create a group"),
      H5Gclose);
  return {std::move(group), ledger_, where.object};
}

void H5Group::write_attribute(const std::string& name, const std::string& value) const {
  const H5Place where = place(name);
  const H5Handle type = single_string_type(value, where);
  write_attribute_value(create_attribute(handle_.id(), name, type.id(), where), type.id(),
                        value.c_str(), where);
}

void H5Group::write_scalar(const std::string& name, RawValues raw) const {
  const H5Place where = place(name);
  const H5Handle attribute = create_attribute(handle_.id(), name, h5_file_type(raw.type), where);
  write_attribute_value(attribute, h5_memory_type(raw.type), raw.values, where);
}

void H5Group::write_attribute(const std::string& name, std::int64_t value) const {
  write_scalar(name, {H5Number::kInt64, &value});
}

void H5Group::write_attribute(const std::string& name, std::uint64_t value) const {
  write_scalar(name, {H5Number::kUint64, &value});
}

void H5Group::write_attribute(const std::string& name, double value) const {
  write_scalar(name, {H5Number::kDouble, &value});
}

void H5Group::write_text(const std::string& name, std::string_view text) const {
  const H5Place where = place(name);
  const H5Handle type = single_string_type(text, where);
  const H5Handle space = scalar_space(where);
  const std::string closed(text);
  write_dataset(create_dataset(handle_.id(), name, {type.id(), space.id()}, where), type.id(),
                closed.c_str(), where);
}

void H5Group::write_texts(const std::string& name, std::span<const std::string> texts) const {
  const H5Place where = place(name);
  StringForm form{.size = 1};
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos) {
      h5_refuse(where, "expected text without NUL bytes, found \"" + printable(text) + "\"");
    }
    form.size = std::max(form.size, text.size() + 1);
    if (charset_of(text) == H5T_CSET_ASCII) form.charset = H5T_CSET_ASCII;
  }
  std::string table(form.size * texts.size(), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i].copy(&table[i * form.size], form.size);
  const H5Handle type = string_type(form, where);
  const H5Handle space = simple_space({texts.size()}, where);
  write_dataset(create_dataset(handle_.id(), name, {type.id(), space.id()}, where), type.id(),
                table.c_str(), where);
}

void H5Group::write_raw(const std::string& name, const H5Shape& shape, RawValues raw) const {
  const H5Place where = place(name);
  check_name(name, where);
  const H5Handle space = simple_space(shape, where);
  const H5Handle dataset =
      create_dataset(handle_.id(), name, {h5_file_type(raw.type), space.id()}, where);
  const bool is_empty = std::find(shape.begin(), shape.end(), 0U) != shape.end();
  if (!is_empty) write_dataset(dataset, h5_memory_type(raw.type), raw.values, where);
}

}  // namespace bbprompt
