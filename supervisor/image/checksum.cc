#include "supervisor/image/checksum.h"

// The whole of XXH3 in this file: the tools need no shared library for it.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tardigrade {

uint64_t Checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

struct ChecksumStream::State {
  XXH3_state_t xxh;
};

ChecksumStream::ChecksumStream() : state_(std::make_unique<State>()) { Reset(); }
ChecksumStream::~ChecksumStream() = default;
ChecksumStream::ChecksumStream(ChecksumStream&&) noexcept = default;
ChecksumStream& ChecksumStream::operator=(ChecksumStream&&) noexcept = default;

void ChecksumStream::Add(std::span<const std::byte> bytes) {
  (void)XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}

uint64_t ChecksumStream::Digest() const { return XXH3_64bits_digest(&state_->xxh); }

void ChecksumStream::Reset() { (void)XXH3_64bits_reset(&state_->xxh); }

}  // namespace tardigrade
