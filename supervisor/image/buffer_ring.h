#ifndef SUPERVISOR_IMAGE_BUFFER_RING_H_
#define SUPERVISOR_IMAGE_BUFFER_RING_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

// A few buffers that go round between one thread that fills them and one that empties them.
class BufferRing {
 public:
  static constexpr size_t kBufferBytes = size_t{2} << 20;
  static constexpr size_t kBuffers = 6;

  struct Filled {
    std::byte* data = nullptr;
    std::vector<PagePiece> pieces;  // What `data` holds, one after the other.
  };

  // The buffers are page-aligned and have been touched.  Errors: kSystem if there is no memory.
  static Result<std::unique_ptr<BufferRing>> Create();
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  // For the filling thread: a free buffer.  Lend() again without Queue() lends the same one.
  std::span<std::byte> Lend();
  // Hands the buffer lent last over; false if none is lent.
  bool Queue(std::vector<PagePiece> pieces);
  // Nothing more will come.
  void Finish();

  // For the emptying thread: the next buffer, in order; nothing after Finish().
  std::optional<Filled> Next();
  void Release(std::byte* data);

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
