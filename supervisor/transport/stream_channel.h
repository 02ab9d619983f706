#ifndef SUPERVISOR_TRANSPORT_STREAM_CHANNEL_H_
#define SUPERVISOR_TRANSPORT_STREAM_CHANNEL_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "protocols/stream.h"
#include "supervisor/base/result.h"
#include "supervisor/transport/byte_stream.h"
#include "supervisor/transport/stream_cipher.h"

namespace tardigrade {

enum class StreamSide { kSource, kReceiver };

// A record as it came.
struct StreamMessage {
  protocol::RecordHeader header = {};
  std::span<const std::byte> payload;  // Until the next one is received.

  protocol::StreamRecord type() const { return static_cast<protocol::StreamRecord>(header.type); }
  // The fixed part that the payload begins with.  Errors: kBadImage if it is shorter.
  template <typename T>
  Result<T> As() const {
    static_assert(std::is_trivially_copyable_v<T>);
    T fixed = {};
    if (payload.size() < sizeof(T)) return Error(ErrorCode::kBadImage, StrCat("a record of type ", header.type, " is too short"));
    std::memcpy(&fixed, payload.data(), sizeof(T));
    return fixed;
  }
};

// Records over a connection, checked, and under a key encrypted.  One thread at a time.
class StreamChannel {
 public:
  // Greets, and checks who is there.  Errors: kBadImage (no stream, another version), kDenied (one side has a key and the
  // other has not), kSystem.  That the keys are the same shows with the first record.
  static Result<std::unique_ptr<StreamChannel>> Open(std::unique_ptr<ByteStream> stream, StreamSide side,
                                                     const std::optional<StreamKey>& key);

  // Small ones wait for those that follow, until Flush().  `payload` is used up, and has kStreamMaxPayload bytes at most.
  Status Send(protocol::RecordHeader header, std::span<iovec> payload);
  // A record of a fixed part and a text, at once.
  template <typename T>
  Status Say(protocol::StreamRecord type, const T& fixed, const std::string& text = "") {
    static_assert(std::is_trivially_copyable_v<T>);
    return SayBytes(type, std::as_bytes(std::span(&fixed, 1)), text);
  }
  Status Say(protocol::StreamRecord type) { return SayBytes(type, {}, ""); }
  Status Flush();

  // Errors: kBadImage for a record that is malformed or was tampered with, kSystem.
  Result<StreamMessage> Receive();
  bool HasInput() { return stream_->HasInput(); }

  uint64_t bytes_sent() const { return bytes_sent_; }  // On the wire.

 private:
  StreamChannel(std::unique_ptr<ByteStream> stream, StreamSide side) : stream_(std::move(stream)), side_(side) {}
  Status Greet(const std::optional<StreamKey>& key);
  Status StartCiphers(const StreamKey& key, const protocol::StreamHello& source, const protocol::StreamHello& receiver);
  Status SayBytes(protocol::StreamRecord type, std::span<const std::byte> fixed, const std::string& text);
  void SealIntoBuffer(const protocol::RecordHeader& header, std::span<const iovec> payload, size_t bytes);
  Status SendBufferAnd(std::span<iovec> payload);
  Status CheckBody(std::span<std::byte> body, StreamMessage& message);

  std::unique_ptr<ByteStream> stream_;
  const StreamSide side_;
  std::optional<StreamCipher> sending_;  // Under a key.
  std::optional<StreamCipher> receiving_;
  std::vector<std::byte> buffer_;  // To be sent.
  std::vector<std::byte> plain_;   // To be sealed.
  std::vector<std::byte> received_;
  std::vector<std::byte> opened_;
  uint64_t bytes_sent_ = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_STREAM_CHANNEL_H_
