#include "supervisor/image/buffer_ring.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace tardigrade {

Result<std::unique_ptr<BufferRing>> BufferRing::Create() {
  void* memory = mmap(nullptr, kBufferBytes * kBuffers, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Error::Errno("allocating page buffers");
  (void)madvise(memory, kBufferBytes * kBuffers, MADV_HUGEPAGE);
  std::memset(memory, 0, kBufferBytes * kBuffers);  // The first touch of memory is slow.
  return std::unique_ptr<BufferRing>(new BufferRing(static_cast<std::byte*>(memory)));
}

BufferRing::BufferRing(std::byte* memory) : memory_(memory) {
  for (size_t i = 0; i < kBuffers; ++i) free_.push_back(memory_ + i * kBufferBytes);
}

BufferRing::~BufferRing() { munmap(memory_, kBufferBytes * kBuffers); }

std::span<std::byte> BufferRing::Lend() {
  if (lent_ == nullptr) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !free_.empty(); });
    lent_ = free_.back();
    free_.pop_back();
  }
  return {lent_, kBufferBytes};
}

void BufferRing::Queue(Filled filled) {
  filled.buffer = std::exchange(lent_, nullptr);
  {
    std::lock_guard lock(mutex_);
    filled_.push_back(std::move(filled));
  }
  changed_.notify_all();
}

void BufferRing::Finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
}

std::optional<BufferRing::Filled> BufferRing::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !filled_.empty() || finished_; });
  if (filled_.empty()) return std::nullopt;
  Filled next = std::move(filled_.front());
  filled_.pop_front();
  return next;
}

void BufferRing::Release(std::byte* buffer) {
  {
    std::lock_guard lock(mutex_);
    free_.push_back(buffer);
  }
  changed_.notify_all();
}

}  // namespace tardigrade
