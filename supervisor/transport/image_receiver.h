#ifndef SUPERVISOR_TRANSPORT_IMAGE_RECEIVER_H_
#define SUPERVISOR_TRANSPORT_IMAGE_RECEIVER_H_

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocols/stream.h"
#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/base/stream_options.h"
#include "supervisor/image/memory_image.h"
#include "supervisor/transport/stream_channel.h"
#include "supervisor/transport/tcp_stream.h"

namespace tardigrade {

// The receiving side of a migration: one job from one source.  See README.md in this folder.
class ImageReceiver {
 public:
  // `warn` is told of connections that come to nothing.  Errors: kUsage (no key, or a bad one), kSystem.
  static Result<std::unique_ptr<ImageReceiver>> Listen(const StreamOptions& options, uint64_t max_bytes,
                                                       std::function<void(const std::string&)> warn);

  const NetworkAddress& address() const { return listener_.address(); }

  // Waits for a source, as long as it takes, and for its whole image.  Errors: what the source said, kBadImage, kSystem.
  Result<std::shared_ptr<MemoryImage>> Receive(Progress& progress);

  // Tells the source now and then that the job is still being made.
  void SayAlive();

  // The job is made and waits.  Returns when it may run: nobody else has it then.  Errors: it must not run.
  Status AwaitGo();

  // The job runs.  Returns when the source knows, or is not going to ask any more.
  void SayRunning(pid_t pid);

  // Nothing of the job is here.
  void SayFailed(const Error& error);

 private:
  using Clock = std::chrono::steady_clock;

  ImageReceiver(const StreamOptions& options, std::optional<StreamKey> key, TcpListener listener, uint64_t max_bytes,
                std::function<void(const std::string&)> warn);
  // Someone who has the key, and what he says first.
  Result<StreamMessage> Welcome(std::optional<Clock::time_point> deadline, std::unique_ptr<StreamChannel>& channel);
  // The source, whose connection broke.
  Status AwaitReturn(Clock::time_point deadline);
  Result<StreamMessage> NextMessage();

  const StreamOptions options_;
  const std::optional<StreamKey> key_;
  TcpListener listener_;
  const uint64_t max_bytes_;
  const std::function<void(const std::string&)> warn_;
  protocol::StreamWelcome session_ = {};
  std::unique_ptr<StreamChannel> channel_;
  bool is_move_ = false;
  Clock::time_point next_sign_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_IMAGE_RECEIVER_H_
