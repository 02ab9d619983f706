#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "protocols/stream.h"
#include "supervisor/image/image_store.h"
#include "supervisor/transport/image_assembler.h"
#include "supervisor/transport/stream_channel.h"

namespace {

using namespace tardigrade;

constexpr uint64_t kRoom = 16 << 20;

class Input final : public ByteStream {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}
  Status Send(std::span<iovec>) override { return Ok(); }
  Status Receive(std::span<std::byte> bytes) override {
    if (bytes.size() > bytes_.size()) return Error(ErrorCode::kSystem, "the end");
    std::memcpy(bytes.data(), bytes_.data(), bytes.size());
    bytes_ = bytes_.subspan(bytes.size());
    return Ok();
  }
  bool HasInput() override { return !bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

// As a connection: greeting, frames, checksums.
void ReadAsStream(std::span<const std::byte> bytes) {
  auto channel = StreamChannel::Open(std::make_unique<Input>(bytes), StreamSide::kReceiver, std::nullopt);
  if (!channel.has_value()) return;
  ImageAssembler assembler(kRoom);
  for (;;) {
    const Result<StreamMessage> message = channel.value()->Receive();
    if (!message.has_value() || !assembler.Take(message.value()).has_value()) return;
  }
}

// As records alone, whose checksums nobody would guess; then as the image that they make.
void ReadAsRecords(std::span<const std::byte> bytes) {
  Input input(bytes);
  ImageAssembler assembler(kRoom);
  while (!assembler.is_whole()) {
    uint32_t size = 0;
    std::byte payload[4096];
    StreamMessage message;
    if (!input.Receive(std::as_writable_bytes(std::span(&size, 1))).has_value() || size > sizeof(payload)) return;
    if (!input.Receive(std::as_writable_bytes(std::span(&message.header, 1))).has_value()) return;
    if (!input.Receive(std::span(payload).first(size)).has_value()) return;
    message.payload = std::span(payload).first(size);
    if (!assembler.Take(message).has_value()) return;
  }
  const auto reader = ImageReader::OpenIn(assembler.image());
  if (reader.has_value()) (void)reader.value()->Verify();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  ReadAsStream(bytes);
  ReadAsRecords(bytes);
  return 0;
}
