#include "supervisor/checkpoint/snapshot.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <ctime>
#include <filesystem>
#include <memory>

#include "supervisor/arch/x86_64/host.h"
#include "supervisor/base/file_io.h"
#include "supervisor/base/version.h"
#include "supervisor/checkpoint/collector.h"
#include "supervisor/checkpoint/memory_collector.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/image/image_store.h"
#include "supervisor/tracee/stack_unwinder.h"
#include "supervisor/tracee/symbolize.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxBacktraceFrames = 64;
constexpr auto kBacktraceBudget = std::chrono::milliseconds(20);

int64_t Nanoseconds(Clock::duration d) { return std::chrono::nanoseconds(d).count(); }

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// The process's own vDSO, read from its memory.
Result<std::string> VdsoOf(const Survey& survey) {
  for (const MemoryMapping& mapping : survey.mappings) {
    if (mapping.path != "[vdso]") continue;
    std::vector<std::byte> bytes(mapping.size_bytes());
    const iovec local{bytes.data(), bytes.size()}, remote{reinterpret_cast<void*>(mapping.start), bytes.size()};
    if (process_vm_readv(survey.pid, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(bytes.size()))
      return Error::Errno("reading the vDSO");
    return VdsoChecksum(bytes);
  }
  return std::string();
}

// process_group and session, 0 where they lie outside the process's PID namespace.
Status ReadRelations(const Survey& survey, ProcessDocument& process) {
  process.pid = survey.inner_pid;
  const std::string& status = survey.threads[0].status;
  const auto innermost = [&](const char* key) -> pid_t {
    const size_t at = status.find(StrCat("\n", key, ":"));
    if (at == std::string::npos) return 0;
    const size_t end = status.find('\n', at + 1);
    return std::atoi(status.c_str() + status.find_last_of("\t ", end) + 1);
  };
  process.process_group = innermost("NSpgid");
  process.session = innermost("NSsid");
  return Ok();
}

// Thread by thread: twice the states of thousands of threads would be much memory.
Value EncodeAndRelease(ProcessDocument process) {
  std::vector<ThreadDocument> threads = std::move(process.threads);
  process.threads.clear();
  Value::Object document = *Encode(process).AsObject();
  Value::Array encoded;
  encoded.reserve(threads.size());
  for (ThreadDocument& thread : threads) {
    encoded.push_back(Encode(thread));
    thread = ThreadDocument();
  }
  document["threads"] = Value(std::move(encoded));
  return Value(std::move(document));
}

class SnapshotRun {
 public:
  SnapshotRun(const SnapshotOptions& options, const KindList& kinds, Progress& progress)
      : options_(options), kinds_(kinds), progress_(progress) {}

  Result<SnapshotReport> Run() {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(PrepareRunning());
    RETURN_IF_ERROR(CollectFrozen());
    RETURN_IF_ERROR(WriteImage());
    // A job that is not to go on ends only when its image is whole.
    if (options_.leave != LeaveAs::kAsFound) RETURN_IF_ERROR(LetGo());
    report_.dir = options_.dir;
    report_.image_bytes = image_->bytes_written();
    report_.total_ns = Nanoseconds(Clock::now() - start);
    return std::move(report_);
  }

 private:
  // While the job runs: a first look, so that most reasons to refuse cost it not even a pause, and
  // everything else that need not wait for the freeze.
  Status PrepareRunning() {
    RETURN_IF_ERROR(CheckMayLook(options_.pid));
    pid_t inner_pid = -1;
    {
      FreezeOptions freeze;
      freeze.deadline = Clock::now() + options_.timeout;
      freeze.allow_fragile = options_.allow_fragile;
      RETURN_IF_ERROR(ClearAfterKilledSupervisors(options_.pid, freeze));
      ASSIGN_OR_RETURN(const Survey first_look,
                       Survey::Take(options_.pid, kinds_, /*frozen=*/false));
      RETURN_IF_ERROR(first_look.Check(kinds_));
      inner_pid = first_look.inner_pid;
    }
    ASSIGN_OR_RETURN(image_, ImageWriter::Create(options_.dir, options_.overwrite));
    const std::string name = std::to_string(inner_pid);
    process_.pages = StrCat("pages-", name, ".bin");
    process_.pagemap = StrCat("pagemap-", name, ".bin");
    ASSIGN_OR_RETURN(pages_, image_->CreatePages(name));
    // Whoever is to go on must not wait for the disk; whoever is not, waits for the commit.
    if (options_.leave != LeaveAs::kAsFound) pages_->WriteBehind();
    ASSIGN_OR_RETURN(manifest_.host, ReadHostFacts());
    return Ok();
  }

  Status CollectFrozen() {
    FreezeOptions freeze;
    freeze.deadline = Clock::now() + options_.timeout;
    freeze.allow_fragile = options_.allow_fragile;
    ASSIGN_OR_RETURN(frozen_, FrozenProcess::Freeze(options_.pid, freeze));
    frozen_at_ = frozen_->frozen_at();
    ASSIGN_OR_RETURN(const Survey survey, Survey::Take(options_.pid, kinds_, /*frozen=*/true));
    RETURN_IF_ERROR(survey.Check(kinds_));
    SnapshotContext context(image_->attachments(), files_);
    RETURN_IF_ERROR(ReadRelations(survey, process_));
    RETURN_IF_ERROR(CollectTasks(survey, kinds_, *frozen_, context, process_));
    RETURN_IF_ERROR(CollectDescriptors(survey, context, process_, files_));
    RETURN_IF_ERROR(CollectMemory(survey, *frozen_, context, process_, *pages_, progress_));
    if (options_.backtraces) TakeBacktraces();
    RETURN_IF_ERROR(DescribeHost(survey));
    FillReport(survey, context);
    if (options_.leave == LeaveAs::kAsFound) return LetGo();
    return Ok();
  }

  // Best effort, and never for long: addresses now, symbols when the job runs again.
  void TakeBacktraces() {
    Result<std::unique_ptr<StackUnwinder>> unwinder = StackUnwinder::Create(options_.pid);
    if (!unwinder.has_value()) return;
    unwinder_ = std::move(unwinder).value();
    const Clock::time_point deadline = Clock::now() + kBacktraceBudget;
    for (size_t i = 0; i < process_.threads.size() && Clock::now() < deadline; ++i) {
      for (const uint64_t address : unwinder_->Unwind(frozen_->threads()[i].registers, kMaxBacktraceFrames, deadline))
        process_.threads[i].backtrace.emplace_back().address = address;
    }
  }

  Status DescribeHost(const Survey& survey) {
    ASSIGN_OR_RETURN(manifest_.host.vdso_checksum, VdsoOf(survey));
    manifest_.host.xfeatures = 0;
    for (const FrozenThread& thread : frozen_->threads()) manifest_.host.xfeatures |= UsedXfeatures(thread.extended_state);
    manifest_.tool_version = kVersion;
    manifest_.created = UtcNow();
    manifest_.root_pid = process_.pid;
    manifest_.processes.push_back(
        {.pid = process_.pid, .comm = survey.comm, .document = StrCat("process-", process_.pid, ".json")});
    return Ok();
  }

  void FillReport(const Survey& survey, SnapshotContext& context) {
    report_.pid = process_.pid;
    report_.comm = survey.comm;
    report_.threads = process_.threads.size();
    report_.mappings = process_.mappings.size();
    report_.descriptors = process_.descriptors.size();
    report_.warnings = std::move(context.warnings());
  }

  Status LetGo() {
    RETURN_IF_ERROR(frozen_->Leave(options_.leave), "letting the process go");
    report_.pause_ns = Nanoseconds(Clock::now() - frozen_at_);
    return Ok();
  }

  Status WriteImage() {
    RETURN_IF_ERROR(pages_->Close(), "writing pages");
    SymbolizeBacktraces();
    RETURN_IF_ERROR(image_->WriteDocument(manifest_.processes[0].document, EncodeAndRelease(std::move(process_))));
    RETURN_IF_ERROR(image_->WriteDocument("files.json", Encode(files_)));
    return image_->Commit(std::move(manifest_));
  }

  void SymbolizeBacktraces() {
    if (unwinder_ != nullptr) Symbolize(process_.threads, unwinder_->mappings(), StrCat("/proc/", options_.pid, "/root"));
  }

  const SnapshotOptions& options_;
  const KindList& kinds_;
  Progress& progress_;
  SnapshotReport report_;
  Clock::time_point frozen_at_;
  std::unique_ptr<ImageWriter> image_;
  std::unique_ptr<PageFileWriter> pages_;
  std::unique_ptr<StackUnwinder> unwinder_;
  Manifest manifest_;
  ProcessDocument process_;
  FilesDocument files_;
  std::unique_ptr<FrozenProcess> frozen_;  // Last: gone first, whatever happens.
};

}  // namespace

Result<SnapshotReport> Snapshot(const SnapshotOptions& options, const KindList& kinds, Progress& progress) {
  return SnapshotRun(options, kinds, progress).Run();
}

}  // namespace tardigrade
