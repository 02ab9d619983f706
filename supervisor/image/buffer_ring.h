#ifndef SUPERVISOR_IMAGE_BUFFER_RING_H_
#define SUPERVISOR_IMAGE_BUFFER_RING_H_

#include <sys/uio.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// A few buffers that go round between one thread that fills them and one that empties them.
class BufferRing {
 public:
  // A buffer fits the second-level cache, where its contents are checksummed after they were read.
  static constexpr size_t kBufferBytes = size_t{1} << 20;
  static constexpr size_t kBuffers = 12;

  // What of a buffer is to be written where.
  struct Filled {
    std::byte* buffer = nullptr;  // Set by Queue().
    std::vector<iovec> parts;
    uint64_t file_offset = 0;
  };

  // The buffers are page-aligned and have been touched.  Errors: kSystem if there is no memory.
  static Result<std::unique_ptr<BufferRing>> Create();
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  // For the filling thread: a free buffer.  Lend() again without Queue() lends the same one.
  std::span<std::byte> Lend();
  bool lent() const { return lent_ != nullptr; }
  // Hands over the buffer lent last, which `filled` is about.
  void Queue(Filled filled);
  // Nothing more will come.
  void Finish();

  // For the emptying thread: the next buffer, in order; nothing after Finish().
  std::optional<Filled> Next();
  void Release(std::byte* buffer);

 private:
  explicit BufferRing(std::byte* memory);

  std::byte* const memory_;
  std::byte* lent_ = nullptr;  // Filling thread only.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte*> free_;  // Last in, first out: the hottest first.
  std::deque<Filled> filled_;
  bool finished_ = false;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_BUFFER_RING_H_
