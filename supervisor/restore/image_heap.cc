#include "supervisor/restore/image_heap.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tardigrade {
namespace {

constexpr size_t kReservedBytes = size_t{16} << 30;  // Of addresses.
constexpr size_t kPage = 4096;
// In front of each piece; keeps what follows aligned for anything.
constexpr size_t kHeaderBytes = alignof(std::max_align_t);
// Sizes up to this are rounded up to 16, larger ones to a power of two.
constexpr size_t kSmallBytes = 512;
constexpr size_t kSmallClasses = kSmallBytes / 16 + 1, kClasses = kSmallClasses + 24;

// No objects with constructors: `new` may be called before any of them ran.
constinit uintptr_t begin = 0, next = 0, limit = 0;
constinit bool is_open = false;
constinit void* freed[kClasses] = {};  // Of each class a list, linked through its first word.

size_t ClassOf(size_t size) {
  if (size <= kSmallBytes) return (size + 15) / 16;
  return kSmallClasses + std::bit_width((size - 1) / kSmallBytes) - 1;
}

size_t BytesOf(size_t size_class) {
  return size_class < kSmallClasses ? size_class * 16
                                    : kSmallBytes << (size_class - kSmallClasses + 1);
}

// Null if it is too large, or there is no room any more.
void* Take(size_t size) {
  const size_t size_class = ClassOf(std::max(size, sizeof(void*)));
  if (size_class >= kClasses) return nullptr;
  if (void* const piece = freed[size_class]; piece != nullptr) {
    std::memcpy(&freed[size_class], piece, sizeof(void*));
    return piece;
  }
  const size_t bytes = kHeaderBytes + BytesOf(size_class);
  if (bytes > limit - next) return nullptr;
  void* const piece = reinterpret_cast<void*>(next + kHeaderBytes);
  std::memcpy(reinterpret_cast<void*>(next), &size_class, sizeof(size_class));
  next += bytes;
  return piece;
}

bool IsHere(const void* memory) {
  const auto at = reinterpret_cast<uintptr_t>(memory);
  return at >= begin && at < next;
}

// After Seal() nothing is done: to write there would make a page this process's own.
void GiveBack(void* piece) {
  if (!is_open) return;
  size_t size_class = 0;
  std::memcpy(&size_class, static_cast<char*>(piece) - kHeaderBytes, sizeof(size_class));
  std::memcpy(piece, &freed[size_class], sizeof(void*));
  freed[size_class] = piece;
}

bool SizesAreLimited() {
  rlimit file = {}, space = {};
  return getrlimit(RLIMIT_FSIZE, &file) != 0 || getrlimit(RLIMIT_AS, &space) != 0 ||
         file.rlim_cur != RLIM_INFINITY || space.rlim_cur != RLIM_INFINITY;
}

}  // namespace

ImageHeap::ImageHeap() {
  if (begin != 0 || SizesAreLimited()) return;
  fd_ = memfd_create("image", MFD_CLOEXEC);
  void* const memory = fd_ < 0 || ftruncate(fd_, kReservedBytes) != 0
                           ? MAP_FAILED
                           : mmap(nullptr, kReservedBytes, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_NORESERVE, fd_, 0);
  if (memory == MAP_FAILED) {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
    return;
  }
  begin = next = reinterpret_cast<uintptr_t>(memory);
  limit = begin + kReservedBytes;
  is_open = true;
}

Status ImageHeap::Seal() {
  if (!is_open) return Ok();
  is_open = false;
  const size_t used = (next - begin + kPage - 1) / kPage * kPage;
  auto* const memory = reinterpret_cast<char*>(begin);
  if (used != 0 &&
      mmap(memory, used, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd_, 0) == MAP_FAILED)
    return Error::Errno("mapping the image's memory anew");
  (void)munmap(memory + used, kReservedBytes - used);
  close(fd_);
  fd_ = -1;
  return Ok();
}

size_t ImageHeap::used_bytes() { return next - begin; }

}  // namespace tardigrade

// All other forms, those with an alignment of their own aside, come down to these.
void* operator new(size_t size) {
  if (tardigrade::is_open) {
    if (void* const memory = tardigrade::Take(size); memory != nullptr) return memory;
  }
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  if (tardigrade::IsHere(memory)) return tardigrade::GiveBack(memory);
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }
