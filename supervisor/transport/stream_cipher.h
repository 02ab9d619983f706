#ifndef SUPERVISOR_TRANSPORT_STREAM_CIPHER_H_
#define SUPERVISOR_TRANSPORT_STREAM_CIPHER_H_

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade {

// What both sides were given.
using StreamKey = std::array<std::byte, 32>;

// From a file of 32 to 4096 bytes that nobody but its owner may read.  Errors: kUsage, saying what is wrong with it.
Result<StreamKey> ReadStreamKey(const std::string& path);

// Of the system's generator.
void FillRandom(std::span<std::byte> bytes);

// The key of one direction of one connection: `direction` and `transcript`, the greetings of both sides, are
// hashed under the key.
StreamKey DeriveKey(const StreamKey& key, const std::string& direction, std::span<const std::byte> transcript);

// One direction of a connection, encrypted and authenticated (libsodium's secretstream, XChaCha20-Poly1305): a
// message that is changed, left out, doubled or out of order is not opened, nor is any after it.
class StreamCipher {
 public:
  static constexpr size_t kHeaderBytes = 24;
  static constexpr size_t kExtraBytes = 17;  // A sealed message is longer by.

  // Fills `header`, which the other side needs.
  static StreamCipher ForSending(const StreamKey& key, std::span<std::byte, kHeaderBytes> header);
  static StreamCipher ForReceiving(const StreamKey& key, std::span<const std::byte, kHeaderBytes> header);
  StreamCipher(StreamCipher&&) noexcept;
  ~StreamCipher();

  // `sealed` has kExtraBytes more than `plain`.
  void Seal(std::span<const std::byte> plain, std::span<std::byte> sealed);
  // Whether it is what was sealed by the holder of the key as the next message.
  bool Open(std::span<const std::byte> sealed, std::span<std::byte> plain);

 private:
  struct State;
  explicit StreamCipher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_STREAM_CIPHER_H_
