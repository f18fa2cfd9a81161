#include "replica/widened_tensors.hpp"

#include <sys/mman.h>

#include <new>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line
constexpr std::size_t kLeastShared = std::size_t{1} << 20;
constexpr const char* kLayout = "widened 1";  // changes with the order or place of the numbers

std::size_t aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

WidenedTensors::WidenedTensors(std::size_t max_numbers, std::size_t max_tensors)
    : capacity_(max_numbers * sizeof(float) + max_tensors * kAlignment) {
  if (capacity_ == 0) return;
  // Addresses only; pages come with fill().
  void* reserved =
      ::mmap(nullptr, capacity_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) throw std::bad_alloc();
  address_ = static_cast<std::byte*>(reserved);
}

WidenedTensors::~WidenedTensors() {
  if (address_ != nullptr) ::munmap(address_, capacity_);
}

const float* WidenedTensors::add(FloatType type, std::span<const std::byte> bytes) {
  const std::size_t size = count_numbers(type, bytes) * sizeof(float);
  if (used_ + aligned(size) > capacity_)
    throw Error("widened tensors: expected no more numbers than were announced");
  tensors_.push_back({.type = type, .bytes = bytes, .offset = used_});
  const auto* address = reinterpret_cast<const float*>(address_ + used_);
  used_ += aligned(size);
  return address;
}

void WidenedTensors::fill(const std::string& key) {
  if (used_ == 0) return;
  if (used_ >= kLeastShared) {
    try {
      auto memory = std::make_unique<NodeMemory>(
          node_folder(),
          NodeMemoryContents{.key = std::string(kLayout) + ' ' + key,
                             .size = used_,
                             .write = [this](std::span<std::byte> out) { write(out); }});
      memory->map_at(address_);
      memory_ = std::move(memory);
      return;
    } catch (const StoreError& error) {
      logger()->warn(
          "weights in half precision: {}. They are not shared with the other ranks of this node: "
          "{} MB for this rank alone",
          error.what(), used_ / 1'000'000);
    }
  }
  if (::mmap(address_, used_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED) {
    throw std::bad_alloc();
  }
  write({address_, used_});
}

void WidenedTensors::write(std::span<std::byte> out) const {
  for (const Tensor& tensor : tensors_) {
    auto* place = reinterpret_cast<float*>(out.subspan(tensor.offset).data());
    widen(tensor.type, tensor.bytes, {place, count_numbers(tensor.type, tensor.bytes)});
  }
}

}  // namespace bbprompt
