#include "supervisor/restore/receive.h"

#include <sys/resource.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/image/memory_image.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/transport/image_receiver.h"

namespace tardigrade {
namespace {

// Tells the source that the job is still being made.
class SignsOfLife final : public Progress {
 public:
  SignsOfLife(ImageReceiver& receiver, Progress& progress) : receiver_(receiver), progress_(progress) {}
  void Begin(const std::string& what, uint64_t total_bytes) override { progress_.Begin(what, total_bytes); }
  void Advance(uint64_t bytes) override {
    receiver_.SayAlive();
    progress_.Advance(bytes);
  }
  void End() override { progress_.End(); }

 private:
  ImageReceiver& receiver_;
  Progress& progress_;
};

// What an image may take here.
Result<uint64_t> RoomInMemory() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile("/proc/meminfo"));
  uint64_t kibibytes = 0;
  for (const char* key : {"MemAvailable", "SwapFree"}) {
    ASSIGN_OR_RETURN(const std::string_view field, StatusField(text, key), "reading /proc/meminfo");
    kibibytes += std::strtoull(std::string(field).c_str(), nullptr, 10);
  }
  return kibibytes * 1024;
}

// Each process of an image takes two descriptors.
void RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

class Reception {
 public:
  Reception(const RestoreOptions& options, const KindList& kinds, Progress& progress, ImageReceiver& receiver)
      : options_(options), kinds_(kinds), progress_(progress), receiver_(receiver) {}

  Result<RestoreReport> Run() {
    Result<RestoreReport> restored = ReceiveAndMake();
    // A job that ran is nobody's business here any more, however its end is waited for.
    if (!restored.has_value() && !runs_) receiver_.SayFailed(restored.error());
    return restored;
  }

 private:
  Result<RestoreReport> ReceiveAndMake() {
    RestoreOptions options = options_;
    options.listen.reset();
    ASSIGN_OR_RETURN(options.source, receiver_.Receive(progress_));
    options.on_restored = [this](pid_t root, const std::vector<std::string>& warnings) { return LetGo(root, warnings); };
    options.on_running = [this](pid_t root) {
      runs_ = true;
      receiver_.SayRunning(root);
    };
    SignsOfLife signs(receiver_, progress_);
    return Restore(options, kinds_, signs);
  }

  // The job is made, and nobody else has it once the source says so.
  Status LetGo(pid_t root, const std::vector<std::string>& warnings) {
    // Another way of choosing pids changes nothing for a source that has gone.
    if (refused_) return Error(ErrorCode::kSystem, "the source is gone");
    refused_ = true;
    RETURN_IF_ERROR(receiver_.AwaitGo());
    refused_ = false;
    return options_.on_restored ? options_.on_restored(root, warnings) : Ok();
  }

  const RestoreOptions& options_;
  const KindList& kinds_;
  Progress& progress_;
  ImageReceiver& receiver_;
  bool refused_ = false;
  bool runs_ = false;
};

}  // namespace

Result<RestoreReport> ReceiveAndRestore(const RestoreOptions& options, const KindList& kinds, Progress& progress) {
  RaiseFileLimit();
  ASSIGN_OR_RETURN(const uint64_t room, RoomInMemory());
  const auto warn = options.on_warning ? options.on_warning : [](const std::string&) {};
  ASSIGN_OR_RETURN(const std::unique_ptr<ImageReceiver> receiver, ImageReceiver::Listen(*options.listen, room, warn));
  if (options.on_listening) options.on_listening(receiver->address().ToString());
  return Reception(options, kinds, progress, *receiver).Run();
}

}  // namespace tardigrade
