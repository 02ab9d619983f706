#include "supervisor/transport/stream_channel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/image/checksum.h"

namespace tardigrade {
namespace {

using protocol::RecordHeader;
using protocol::StreamHello;

constexpr size_t kMaxBody = sizeof(RecordHeader) + protocol::kStreamMaxPayload + StreamCipher::kExtraBytes;
// Payloads up to so much are collected, as there may be thousands of a few bytes; larger ones are sent from where they are.
constexpr size_t kSmallPayload = 8 << 10;
constexpr size_t kBufferBytes = 128 << 10;

Error Bad(std::string what) { return Error(ErrorCode::kBadImage, std::move(what)); }

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

void Append(std::span<const std::byte> bytes, std::vector<std::byte>& to) { to.insert(to.end(), bytes.begin(), bytes.end()); }

std::span<const std::byte> AsBytes(const iovec& part) { return {static_cast<const std::byte*>(part.iov_base), part.iov_len}; }

size_t TotalBytes(std::span<const iovec> parts) {
  size_t bytes = 0;
  for (const iovec& part : parts) bytes += part.iov_len;
  return bytes;
}

uint64_t ChecksumOf(RecordHeader header, std::span<const iovec> payload) {
  header.checksum = 0;
  ChecksumStream checksum;
  checksum.Add(BytesOf(header));
  for (const iovec& part : payload) checksum.Add(AsBytes(part));
  return checksum.Digest();
}

Status CheckHello(const StreamHello& hello, bool keyed) {
  if (hello.magic != protocol::kStreamMagic) return Bad("what is at the other side does not speak this protocol");
  if (hello.version != protocol::kStreamVersion)
    return Bad(StrCat("the other side speaks version ", hello.version, " of the stream; this build speaks version ", protocol::kStreamVersion));
  if ((hello.flags & ~protocol::kStreamAllFlags) != 0 || hello.reserved[0] != 0 || hello.reserved[1] != 0)
    return Bad("malformed greeting");
  const bool has_key = (hello.flags & protocol::kStreamKeyed) != 0;
  if (has_key != keyed)
    return Error(ErrorCode::kDenied, has_key ? "the other side was given a key, this one was not" : "the other side was given no key, this one was");
  return Ok();
}

}  // namespace

Result<std::unique_ptr<StreamChannel>> StreamChannel::Open(std::unique_ptr<ByteStream> stream, StreamSide side,
                                                           const std::optional<StreamKey>& key) {
  std::unique_ptr<StreamChannel> channel(new StreamChannel(std::move(stream), side));
  RETURN_IF_ERROR(channel->Greet(key));
  return channel;
}

// The receiver says nothing to who has not said what it wants; but then, also to one that it does not understand.
Status StreamChannel::Greet(const std::optional<StreamKey>& key) {
  StreamHello own = {.magic = protocol::kStreamMagic, .version = protocol::kStreamVersion, .flags = 0, .nonce = {}, .reserved = {}};
  if (key.has_value()) own.flags |= protocol::kStreamKeyed;
  FillRandom(std::as_writable_bytes(std::span(own.nonce)));
  StreamHello other = {};
  const auto send = [&] {
    Append(BytesOf(own), buffer_);
    return Flush();
  };
  const bool is_source = side_ == StreamSide::kSource;
  if (is_source) RETURN_IF_ERROR(send());
  RETURN_IF_ERROR(stream_->Receive(std::as_writable_bytes(std::span(&other, 1))), "greeting");
  if (!is_source && other.magic == protocol::kStreamMagic) RETURN_IF_ERROR(send());
  RETURN_IF_ERROR(CheckHello(other, key.has_value()));
  if (!key.has_value()) return Ok();
  return is_source ? StartCiphers(*key, own, other) : StartCiphers(*key, other, own);
}

Status StreamChannel::StartCiphers(const StreamKey& key, const StreamHello& source, const StreamHello& receiver) {
  std::vector<std::byte> transcript;
  Append(BytesOf(source), transcript);
  Append(BytesOf(receiver), transcript);
  const StreamKey from_source = DeriveKey(key, "tardigrade stream 1, from the source", transcript);
  const StreamKey from_receiver = DeriveKey(key, "tardigrade stream 1, from the receiver", transcript);
  const bool is_source = side_ == StreamSide::kSource;
  std::array<std::byte, StreamCipher::kHeaderBytes> header;
  sending_.emplace(StreamCipher::ForSending(is_source ? from_source : from_receiver, header));
  Append(header, buffer_);
  RETURN_IF_ERROR(Flush());
  RETURN_IF_ERROR(stream_->Receive(header), "greeting");
  receiving_.emplace(StreamCipher::ForReceiving(is_source ? from_receiver : from_source, header));
  return Ok();
}

void StreamChannel::SealIntoBuffer(const RecordHeader& header, std::span<const iovec> payload, size_t bytes) {
  plain_.clear();
  Append(BytesOf(header), plain_);
  for (const iovec& part : payload) Append(AsBytes(part), plain_);
  const uint32_t body_bytes = static_cast<uint32_t>(sizeof(header) + bytes + StreamCipher::kExtraBytes);
  Append(BytesOf(body_bytes), buffer_);
  buffer_.resize(buffer_.size() + body_bytes);
  sending_->Seal(plain_, std::span(buffer_).last(body_bytes));
}

Status StreamChannel::Send(RecordHeader header, std::span<iovec> payload) {
  const size_t bytes = TotalBytes(payload);
  if (bytes > protocol::kStreamMaxPayload) return Error(ErrorCode::kInternal, StrCat("a record of ", bytes, " bytes"));
  if (sending_.has_value()) {
    SealIntoBuffer(header, payload, bytes);
    return buffer_.size() >= kBufferBytes ? Flush() : Ok();
  }
  header.checksum = ChecksumOf(header, payload);
  const uint32_t body_bytes = static_cast<uint32_t>(sizeof(header) + bytes);
  Append(BytesOf(body_bytes), buffer_);
  Append(BytesOf(header), buffer_);
  if (bytes > kSmallPayload) return SendBufferAnd(payload);
  for (const iovec& part : payload) Append(AsBytes(part), buffer_);
  return buffer_.size() >= kBufferBytes ? Flush() : Ok();
}

Status StreamChannel::SendBufferAnd(std::span<iovec> payload) {
  std::vector<iovec> parts = {{.iov_base = buffer_.data(), .iov_len = buffer_.size()}};
  parts.insert(parts.end(), payload.begin(), payload.end());
  bytes_sent_ += TotalBytes(parts);
  Status sent = stream_->Send(parts);
  buffer_.clear();
  return sent;
}

Status StreamChannel::Flush() { return buffer_.empty() ? Ok() : SendBufferAnd({}); }

Status StreamChannel::SayBytes(protocol::StreamRecord type, std::span<const std::byte> fixed, const std::string& text) {
  std::array<iovec, 2> parts = {iovec{.iov_base = const_cast<std::byte*>(fixed.data()), .iov_len = fixed.size()},
                                iovec{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}};
  RETURN_IF_ERROR(Send({.type = static_cast<uint32_t>(type), .file = 0, .round = 0, .reserved = 0, .offset = 0, .checksum = 0}, parts));
  return Flush();
}

Result<StreamMessage> StreamChannel::Receive() {
  uint32_t body_bytes = 0;
  RETURN_IF_ERROR(stream_->Receive(std::as_writable_bytes(std::span(&body_bytes, 1))));
  if (body_bytes < sizeof(RecordHeader) || body_bytes > kMaxBody) return Bad(StrCat("a record of ", body_bytes, " bytes"));
  if (received_.size() < body_bytes) received_.resize(body_bytes);
  const std::span<std::byte> body = std::span(received_).first(body_bytes);
  RETURN_IF_ERROR(stream_->Receive(body));
  StreamMessage message;
  RETURN_IF_ERROR(CheckBody(body, message));
  return message;
}

Status StreamChannel::CheckBody(std::span<std::byte> body, StreamMessage& message) {
  std::span<std::byte> plain = body;
  if (receiving_.has_value()) {
    if (body.size() < sizeof(RecordHeader) + StreamCipher::kExtraBytes) return Bad("a record is too short");
    if (opened_.size() < body.size()) opened_.resize(body.size());
    plain = std::span(opened_).first(body.size() - StreamCipher::kExtraBytes);
    if (!receiving_->Open(body, plain))
      return Error(ErrorCode::kDenied, "a record is not what the holder of this key sent: another key, or somebody in between");
  }
  std::memcpy(&message.header, plain.data(), sizeof(RecordHeader));
  message.payload = plain.subspan(sizeof(RecordHeader));
  if (message.payload.size() > protocol::kStreamMaxPayload) return Bad("a record is too long");
  if (message.header.round != 0 || message.header.reserved != 0) return Bad("a record says what this build does not know");
  iovec payload = {.iov_base = plain.data() + sizeof(RecordHeader), .iov_len = message.payload.size()};
  const uint64_t expected = receiving_.has_value() ? 0 : ChecksumOf(message.header, {&payload, 1});
  if (message.header.checksum != expected) return Bad("a record is corrupt: its checksum differs");
  return Ok();
}

}  // namespace tardigrade
