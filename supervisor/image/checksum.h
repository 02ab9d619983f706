#ifndef SUPERVISOR_IMAGE_CHECKSUM_H_
#define SUPERVISOR_IMAGE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tardigrade {

// XXH3-64, seed 0, of bytes in memory.
uint64_t Checksum(std::span<const std::byte> bytes);

// The same of bytes that come in pieces.
class ChecksumStream {
 public:
  ChecksumStream();
  ~ChecksumStream();
  ChecksumStream(ChecksumStream&&) noexcept;
  ChecksumStream& operator=(ChecksumStream&&) noexcept;

  void Add(std::span<const std::byte> bytes);
  uint64_t Digest() const;  // Of everything added so far.
  void Reset();             // As if new.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_CHECKSUM_H_
