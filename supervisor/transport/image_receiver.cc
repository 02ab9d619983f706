#include "supervisor/transport/image_receiver.h"

#include <cstring>
#include <utility>

#include "supervisor/transport/image_assembler.h"
#include "supervisor/transport/stream_peer.h"

namespace tardigrade {

using protocol::StreamRecord;
using protocol::StreamWelcome;

ImageReceiver::ImageReceiver(const StreamOptions& options, std::optional<StreamKey> key, TcpListener listener, uint64_t max_bytes,
                             std::function<void(const std::string&)> warn)
    : options_(options), key_(key), listener_(std::move(listener)), max_bytes_(max_bytes), warn_(std::move(warn)) {
  FillRandom(std::as_writable_bytes(std::span(session_.session)));
}

Result<std::unique_ptr<ImageReceiver>> ImageReceiver::Listen(const StreamOptions& options, uint64_t max_bytes,
                                                             std::function<void(const std::string&)> warn) {
  ASSIGN_OR_RETURN(const std::optional<StreamKey> key, KeyFor(options));
  ASSIGN_OR_RETURN(TcpListener listener, TcpListener::Listen(options.address));
  return std::unique_ptr<ImageReceiver>(new ImageReceiver(options, key, std::move(listener), max_bytes, std::move(warn)));
}

Result<StreamMessage> ImageReceiver::Welcome(std::optional<Clock::time_point> deadline, std::unique_ptr<StreamChannel>& channel) {
  for (;;) {
    ASSIGN_OR_RETURN(TcpListener::Accepted accepted, listener_.Accept(deadline, options_.timeout));
    const auto greet = [&]() -> Result<StreamMessage> {
      ASSIGN_OR_RETURN(channel, StreamChannel::Open(std::move(accepted.stream), StreamSide::kReceiver, key_));
      RETURN_IF_ERROR(channel->Say(StreamRecord::kWelcome, session_));
      return channel->Receive();
    };
    Result<StreamMessage> first = greet();
    if (first.has_value()) return first;
    warn_(StrCat("turned away ", accepted.peer.ToString(), ": ", first.error().ToString()));
  }
}

Result<std::shared_ptr<MemoryImage>> ImageReceiver::Receive(Progress& progress) {
  ImageAssembler assembler(max_bytes_);
  while (!assembler.has_begun()) {
    ASSIGN_OR_RETURN(const StreamMessage first, Welcome(std::nullopt, channel_));
    // It may be the source of an earlier receiver, which is gone, and wants to know what became of its job.
    const Status begun = assembler.Take(first);
    if (!begun.has_value()) warn_(StrCat("turned away a source: ", begun.error().ToString()));
  }
  progress.Begin("receiving", 0);
  while (!assembler.is_whole()) {
    ASSIGN_OR_RETURN(const StreamMessage message, NextMessage());
    RETURN_IF_ERROR(assembler.Take(message));
    if (message.type() == StreamRecord::kData) progress.Advance(message.payload.size());
  }
  progress.End();
  is_move_ = assembler.is_move();
  return assembler.image();
}

Result<StreamMessage> ImageReceiver::NextMessage() {
  ASSIGN_OR_RETURN(const StreamMessage message, channel_->Receive());
  if (message.type() == StreamRecord::kFailed) return ErrorIn(message, "the source");
  return message;
}

void ImageReceiver::SayAlive() {
  constexpr auto kInterval = std::chrono::seconds(1);
  const Clock::time_point now = Clock::now();
  if (channel_ == nullptr || now < next_sign_) return;
  next_sign_ = now + kInterval;
  (void)channel_->Say(StreamRecord::kAlive);
}

Status ImageReceiver::AwaitReturn(Clock::time_point deadline) {
  for (;;) {
    std::unique_ptr<StreamChannel> channel;
    ASSIGN_OR_RETURN(const StreamMessage message, Welcome(deadline, channel));
    const Result<StreamWelcome> session = message.As<StreamWelcome>();
    if (message.type() == StreamRecord::kResume && session.has_value() &&
        std::memcmp(&session.value(), &session_, sizeof(session_)) == 0) {
      channel_ = std::move(channel);
      return Ok();
    }
    warn_("turned away somebody who is not the source");
  }
}

// Who has said kReady lets the job run on kGo alone, however often he has to ask.
Status ImageReceiver::AwaitGo() {
  if (!is_move_) return Ok();
  Clock::time_point deadline = Clock::time_point::max();
  for (;;) {
    Result<StreamMessage> message = Error(ErrorCode::kInternal, "");
    if (Status said = channel_->Say(StreamRecord::kReady); said.has_value()) {
      message = channel_->Receive();
    } else {
      message = std::move(said).error();
    }
    if (message.has_value() && message.value().type() == StreamRecord::kGo) return Ok();
    if (message.has_value() && message.value().type() == StreamRecord::kFailed) return ErrorIn(message.value(), "the source");
    if (message.has_value()) return UnexpectedRecord(message.value());
    deadline = std::min(deadline, Clock::now() + kReceiverWaits);
    Status back = AwaitReturn(deadline);
    if (!back.has_value()) return std::move(message).error().While("waiting for the source to let the job go");
  }
}

void ImageReceiver::SayRunning(pid_t pid) {
  const protocol::StreamRunning running = {.pid = pid};
  Clock::time_point deadline = Clock::time_point::max();
  for (;;) {
    const bool said = channel_->Say(StreamRecord::kRunning, running).has_value();
    if (said && channel_->Receive().has_value()) return;
    if (!is_move_) return;
    deadline = std::min(deadline, Clock::now() + kReceiverWaits);
    if (!AwaitReturn(deadline).has_value()) return;
  }
}

// Reads on until the source has gone: what it said and nobody read would take the message with it (RFC 9293, 3.10.4: a reset).
void ImageReceiver::SayFailed(const Error& error) {
  constexpr auto kMostPatience = std::chrono::seconds(5);
  if (channel_ == nullptr || !tardigrade::SayFailed(*channel_, error).has_value()) return;
  const Clock::time_point deadline = Clock::now() + kMostPatience;
  while (Clock::now() < deadline && channel_->Receive().has_value()) {
  }
}

}  // namespace tardigrade
