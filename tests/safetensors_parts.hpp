#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace bbprompt::testing {

// Header and data of a safetensors file, to be changed and written again: an independent reader
// and writer of the format.
struct SafetensorsParts {
  nlohmann::ordered_json header;
  std::string data;

  static SafetensorsParts read(const std::filesystem::path& file) {
    const std::string bytes = read_text(file);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    return {nlohmann::ordered_json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
  }
  // Data of one tensor.
  [[nodiscard]] std::string tensor(const std::string& name) const {
    const auto offsets = header.at(name).at("data_offsets");
    const auto begin = offsets[0].get<std::size_t>();
    return data.substr(begin, offsets[1].get<std::size_t>() - begin);
  }
  void add(const std::string& name, const nlohmann::json& dtype, const nlohmann::json& shape,
           const std::string& bytes) {
    header[name] = {{"dtype", dtype},
                    {"shape", shape},
                    {"data_offsets", {data.size(), data.size() + bytes.size()}}};
    data += bytes;
  }
  // The tensors of `names` alone, in this order.
  [[nodiscard]] SafetensorsParts part(const std::vector<std::string>& names) const {
    SafetensorsParts some;
    for (const auto& name : names)
      some.add(name, header.at(name)["dtype"], header.at(name)["shape"], tensor(name));
    return some;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : header.items()) {
      if (name != "__metadata__") all.push_back(name);
    }
    return all;
  }
  // `header_size` a multiple of `alignment` off by `shift` bytes.
  [[nodiscard]] std::string bytes(std::size_t shift = 0) const {
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8 + shift, ' ');
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
  }
};

}  // namespace bbprompt::testing
