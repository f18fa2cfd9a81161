#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replica/float16.hpp"
#include "replica/node_memory.hpp"

namespace bbprompt {

// Tensors as F32 that a file does not hold that way. First all are added, which gives their
// addresses; then fill() puts the numbers there: one read-only copy that the processes of a node
// share, or where that cannot be, and for little models, memory of this process.
class WidenedTensors {
 public:
  // `max_numbers`: at least the numbers of all tensors that will be added, and of `max_tensors`.
  WidenedTensors(std::size_t max_numbers, std::size_t max_tensors);
  ~WidenedTensors();
  WidenedTensors(const WidenedTensors&) = delete;
  WidenedTensors& operator=(const WidenedTensors&) = delete;

  // Where the finite numbers in `bytes` will be; `bytes` are borrowed until fill().
  const float* add(FloatType type, std::span<const std::byte> bytes);

  // `key` says all that the numbers depend on. Once.
  void fill(const std::string& key);

  [[nodiscard]] bool is_shared() const { return memory_ != nullptr; }

 private:
  struct Tensor {
    FloatType type;
    std::span<const std::byte> bytes;
    std::size_t offset;  // in bytes
  };
  void write(std::span<std::byte> out) const;

  std::byte* address_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::vector<Tensor> tensors_;
  std::unique_ptr<NodeMemory> memory_;
};

}  // namespace bbprompt
