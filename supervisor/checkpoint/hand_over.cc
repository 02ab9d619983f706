#include "supervisor/checkpoint/hand_over.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

// It takes its time, and whoever looks next is to find it so.
void AwaitStop(const FrozenTree& job) {
  constexpr int kLooks = 200, kPauseUs = 1000;
  for (int look = 0; look < kLooks; ++look) {
    const Result<std::string> text = ReadFile(StrCat("/proc/", job.members()[0].pid, "/stat"));
    if (!text.has_value()) return;
    const Result<ProcStat> stat = ParseProcStat(text.value());
    if (!stat.has_value() || stat.value().state == 'T') return;
    usleep(kPauseUs);
  }
}

}  // namespace

// The job must not run in two places, also if this process is killed at the worst moment:
// 1. The receiver has the job made; until here nothing but time was lost if anything fails.
// 2. SIGSTOP is pending for all of it here: a supervisor that ends now leaves it stopped.
// 3. The receiver is told to let it run, and says that it does.
// 4. It is killed here, by the caller.
Result<int64_t> HandOver(ImageSender& sender, FrozenTree& job) {
  RETURN_IF_ERROR(sender.AwaitReady());
  Status held = job.StopWhenLeft();
  if (!held.has_value()) {
    (void)job.DoNotStop();
    return std::move(held).error();
  }
  ImageSender::Answer answer = sender.Go();
  switch (answer.fate) {
    case ImageSender::Fate::kRuns:
      return answer.pid;
    case ImageSender::Fate::kNot:
      RETURN_IF_ERROR(job.DoNotStop());
      return std::move(answer.error).While("letting the job run there");
    case ImageSender::Fate::kUnknown:
      break;
  }
  RETURN_IF_ERROR(job.Leave(LeaveAs::kStopped));
  AwaitStop(job);
  return std::move(answer.error)
      .While(
          "the connection broke when the job was let go, and nobody knows whether it runs there; it was stopped here: if it runs there, kill "
          "it here, if not, let it go on (kill -CONT)");
}

}  // namespace tardigrade
