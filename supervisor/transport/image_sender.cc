#include "supervisor/transport/image_sender.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "protocols/stream.h"
#include "supervisor/transport/stream_channel.h"
#include "supervisor/transport/stream_peer.h"
#include "supervisor/transport/tcp_stream.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;
using protocol::RecordHeader;
using protocol::StreamRecord;

constexpr uint64_t kBulkBytes = 64 << 10;

// Cut into the payloads of records.
std::vector<iovec> TakeUpTo(size_t most, std::span<iovec>& parts) {
  std::vector<iovec> taken;
  while (!parts.empty() && most > 0) {
    iovec& part = parts.front();
    const size_t now = std::min(part.iov_len, most);
    taken.push_back({.iov_base = part.iov_base, .iov_len = now});
    part.iov_base = static_cast<std::byte*>(part.iov_base) + now;
    part.iov_len -= now;
    most -= now;
    if (part.iov_len == 0) parts = parts.subspan(1);
  }
  return taken;
}

// The connection, which several threads write files to.
class Wire {
 public:
  Status SendData(uint32_t file, std::span<iovec> parts, uint64_t offset) {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(HearPeer());
    while (!parts.empty()) {
      std::vector<iovec> payload = TakeUpTo(protocol::kStreamMaxPayload, parts);
      uint64_t bytes = 0;
      for (const iovec& part : payload) bytes += part.iov_len;
      if (bytes == 0) return Ok();
      if (!first_bulk_.has_value() && bytes >= kBulkBytes) first_bulk_ = Clock::now();
      RETURN_IF_ERROR(Explained(channel_->Send(Header(StreamRecord::kData, file, offset), payload)));
      offset += bytes;
    }
    return Ok();
  }

  Result<uint32_t> SendFile(std::string name) {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(HearPeer());
    iovec payload = {.iov_base = name.data(), .iov_len = name.size()};
    RETURN_IF_ERROR(Explained(channel_->Send(Header(StreamRecord::kFile, 0, 0), {&payload, 1})));
    return files_++;
  }

  Status Begin(uint32_t mode) {
    std::lock_guard lock(mutex_);
    files_ = 0;
    return Explained(channel_->Say(StreamRecord::kBegin, protocol::StreamBegin{.mode = mode, .reserved = 0}));
  }

  Status Say(StreamRecord type) {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(HearPeer());
    return Explained(channel_->Say(type));
  }

  // The next that is no mere sign of life.
  Result<StreamMessage> Next() {
    for (;;) {
      ASSIGN_OR_RETURN(const StreamMessage message, channel_->Receive());
      if (message.type() != StreamRecord::kAlive) return message;
    }
  }

  // As Next(), of this type.
  Result<StreamMessage> Await(StreamRecord type) {
    ASSIGN_OR_RETURN(const StreamMessage message, Next());
    if (message.type() == StreamRecord::kFailed) return ErrorIn(message, "the receiver");
    if (message.type() != type) return UnexpectedRecord(message);
    return message;
  }

  // Since memory began to be sent; else since `otherwise`.
  std::chrono::nanoseconds SendTime(Clock::time_point otherwise) const { return Clock::now() - first_bulk_.value_or(otherwise); }

  StreamChannel* channel() { return channel_.get(); }
  void SetChannel(std::unique_ptr<StreamChannel> channel) { channel_ = std::move(channel); }

 private:
  static RecordHeader Header(StreamRecord type, uint32_t file, uint64_t offset) {
    return {.type = static_cast<uint32_t>(type), .file = file, .round = 0, .reserved = 0, .offset = offset, .checksum = 0};
  }

  // What the receiver says while it is spoken to is mostly that it has given up.
  Status HearPeer() {
    while (channel_->HasInput()) {
      ASSIGN_OR_RETURN(const StreamMessage message, channel_->Receive());
      if (message.type() == StreamRecord::kFailed) return ErrorIn(message, "the receiver");
      if (message.type() != StreamRecord::kAlive) return UnexpectedRecord(message);
    }
    return Ok();
  }

  // A connection that does not take anything any more may still have the reason to give.
  Status Explained(Status sent) {
    if (sent.has_value() || !channel_->HasInput()) return sent;
    const Status heard = HearPeer();
    return heard.has_value() || heard.error().errno_value() != 0 ? sent : heard;
  }

  std::mutex mutex_;  // Of all that follows, while files are written.
  std::unique_ptr<StreamChannel> channel_;
  uint32_t files_ = 0;
  std::optional<Clock::time_point> first_bulk_;
};

class StreamFile final : public OutputFile {
 public:
  StreamFile(std::shared_ptr<Wire> wire, uint32_t number) : wire_(std::move(wire)), number_(number) {}
  Status Write(std::span<iovec> parts, uint64_t offset) override { return wire_->SendData(number_, parts, offset); }

 private:
  const std::shared_ptr<Wire> wire_;
  const uint32_t number_;
};

class StreamTarget final : public ImageTarget {
 public:
  StreamTarget(std::shared_ptr<Wire> wire, std::function<void()> published) : wire_(std::move(wire)), published_(std::move(published)) {}
  Result<std::unique_ptr<OutputFile>> CreateFile(const std::string& name) override {
    ASSIGN_OR_RETURN(const uint32_t number, wire_->SendFile(name));
    return std::unique_ptr<OutputFile>(std::make_unique<StreamFile>(wire_, number));
  }
  Status Publish() override {
    RETURN_IF_ERROR(wire_->Say(StreamRecord::kEnd));
    published_();
    return Ok();
  }

 private:
  const std::shared_ptr<Wire> wire_;
  const std::function<void()> published_;
};

class Sender final : public ImageSender {
 public:
  Sender(const StreamOptions& options, std::optional<StreamKey> key, bool copy)
      : options_(options), key_(key), mode_(copy ? protocol::kStreamCopy : protocol::kStreamMove) {}

  Result<std::unique_ptr<ImageTarget>> Begin() override {
    if (wire_->channel() == nullptr) {
      RETURN_IF_ERROR(Connect(session_));
      begun_ = Clock::now();
    }
    RETURN_IF_ERROR(wire_->Begin(mode_));
    return std::unique_ptr<ImageTarget>(std::make_unique<StreamTarget>(wire_, [this] { send_time_ = wire_->SendTime(begun_); }));
  }

  Status AwaitReady() override {
    RETURN_IF_ERROR(wire_->Await(StreamRecord::kReady), "waiting for the job to be made there");
    return Ok();
  }

  Answer Go() override {
    // What was not taken as a whole the receiver cannot have.
    Status said = wire_->Say(StreamRecord::kGo);
    if (!said.has_value()) return {.fate = Fate::kNot, .error = std::move(said).error()};
    const Clock::time_point deadline = Clock::now() + options_.timeout + kSourceReturns;
    std::optional<Clock::time_point> broken;
    for (;;) {
      const Result<StreamMessage> message = wire_->Next();
      if (!message.has_value()) {
        if (!broken.has_value()) broken = Clock::now();
        if (!Return(std::min(deadline, *broken + kSourceReturns))) return {.fate = Fate::kUnknown, .error = message.error()};
        continue;
      }
      switch (message.value().type()) {
        case StreamRecord::kRunning: {
          const auto running = message.value().As<protocol::StreamRunning>();
          return {.fate = Fate::kRuns, .pid = running.has_value() ? running.value().pid : -1, .error = Error(ErrorCode::kInternal, "")};
        }
        case StreamRecord::kFailed:
          return {.fate = Fate::kNot, .error = ErrorIn(message.value(), "the receiver")};
        case StreamRecord::kReady:
          (void)wire_->Say(StreamRecord::kGo);
          break;
        default:
          return {.fate = Fate::kUnknown, .error = UnexpectedRecord(message.value())};
      }
    }
  }

  Result<int64_t> AwaitRunning() override {
    ASSIGN_OR_RETURN(const StreamMessage message, wire_->Await(StreamRecord::kRunning), "waiting for the job to run there");
    ASSIGN_OR_RETURN(const auto running, message.As<protocol::StreamRunning>());
    return running.pid;
  }

  void SayDone() override { (void)wire_->Say(StreamRecord::kDone); }
  void GiveUp(const Error& error) override {
    if (wire_->channel() != nullptr) (void)SayFailed(*wire_->channel(), error);
  }

  uint64_t bytes_sent() const override { return wire_->channel() == nullptr ? 0 : wire_->channel()->bytes_sent(); }
  std::chrono::nanoseconds send_time() const override { return send_time_; }

 private:
  // `session`: set to the receiver's.
  Status Connect(protocol::StreamWelcome& session) {
    const auto connect = [&]() -> Status {
      ASSIGN_OR_RETURN(std::unique_ptr<ByteStream> stream, ConnectTcp(options_.address, options_.timeout));
      ASSIGN_OR_RETURN(std::unique_ptr<StreamChannel> channel, StreamChannel::Open(std::move(stream), StreamSide::kSource, key_));
      ASSIGN_OR_RETURN(const StreamMessage message, channel->Receive());
      if (message.type() != StreamRecord::kWelcome) return UnexpectedRecord(message);
      ASSIGN_OR_RETURN(session, message.As<protocol::StreamWelcome>());
      wire_->SetChannel(std::move(channel));
      return Ok();
    };
    RETURN_IF_ERROR(connect(), options_.address.ToString());
    return Ok();
  }

  // Whether it is connected again, with the same receiver.
  bool Return(Clock::time_point deadline) {
    constexpr auto kPause = std::chrono::milliseconds(100);
    while (Clock::now() < deadline) {
      protocol::StreamWelcome session = {};
      if (Connect(session).has_value() && std::equal(std::begin(session.session), std::end(session.session), session_.session) &&
          wire_->channel()->Say(StreamRecord::kResume, session_).has_value())
        return true;
      std::this_thread::sleep_for(kPause);
    }
    return false;
  }

  const StreamOptions options_;
  const std::optional<StreamKey> key_;
  const uint32_t mode_;
  const std::shared_ptr<Wire> wire_ = std::make_shared<Wire>();
  protocol::StreamWelcome session_ = {};
  Clock::time_point begun_;
  std::chrono::nanoseconds send_time_{0};
};

}  // namespace

Result<std::unique_ptr<ImageSender>> ImageSender::Create(const StreamOptions& options, bool copy) {
  ASSIGN_OR_RETURN(const std::optional<StreamKey> key, KeyFor(options));
  return std::unique_ptr<ImageSender>(std::make_unique<Sender>(options, key, copy));
}

}  // namespace tardigrade
