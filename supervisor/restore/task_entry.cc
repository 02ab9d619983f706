#include "supervisor/restore/task_entry.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "supervisor/restore/file_factory.h"

namespace tardigrade {
namespace {

// A session or group the task led is led again; one that somebody else led is the caller's now.
Status JoinSession(const ProcessDocument& process) {
  if (process.session == process.pid) {
    if (setsid() < 0) return Error::Errno("making the session");
  } else if (process.process_group == process.pid) {
    if (setpgid(0, 0) != 0) return Error::Errno("making the process group");
  }
  return Ok();
}

Status RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::Errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::Errno("raising the limit of open files");
  return Ok();
}

Status PutAt(int from, int number, int flags) {
  if (dup3(from, number, flags) < 0) return Error::Errno("putting a descriptor at ", number);
  return Ok();
}

// Each goes to its number at once: what is open below never grows into the helpers' numbers.
Status OpenBackings(const TaskInputs& in, FileFactory& factory) {
  const HelperFds& fds = in.plan->fds;
  for (size_t i = 0; i < fds.backings.size(); ++i) {
    const MappingDocument& mapping = in.image->process.mappings[fds.opened_from[i]];
    ASSIGN_OR_RETURN(ScopedFd fd, factory.OpenBacking(mapping.backing), "opening what is mapped at ", Hex(mapping.start), " (", mapping.path, ")");
    if (!fd.valid()) return Error(ErrorCode::kInternal, StrCat("nothing is behind the mapping at ", Hex(mapping.start)));
    RETURN_IF_ERROR(PutAt(fd.get(), fds.backings[i], O_CLOEXEC));
  }
  return Ok();
}

// Numbers the job's descriptors and the page file.
Status NumberDescriptors(const TaskInputs& in, const FileFactory& factory) {
  RETURN_IF_ERROR(PutAt(in.image->pages->fd(), in.plan->fds.pages, O_CLOEXEC));
  std::vector<DescriptorDocument> wanted = in.image->process.descriptors;
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.fd < b.fd; });
  for (const DescriptorDocument& d : wanted)
    RETURN_IF_ERROR(PutAt(factory.file(d.file), d.fd, d.close_on_exec ? O_CLOEXEC : 0));
  return Ok();
}

// What lies between and behind the numbers that stay.  Nothing can be reported after this.
void CloseTheRest(const TaskInputs& in) {
  std::vector<int> keep;
  for (const DescriptorDocument& d : in.image->process.descriptors) keep.push_back(d.fd);
  keep.push_back(in.plan->fds.pages);
  keep.insert(keep.end(), in.plan->fds.backings.begin(), in.plan->fds.backings.end());
  std::sort(keep.begin(), keep.end());
  unsigned next = 0;
  for (const int fd : keep) {
    if (static_cast<unsigned>(fd) > next) syscall(SYS_close_range, next, static_cast<unsigned>(fd) - 1, 0);
    next = static_cast<unsigned>(fd) + 1;
  }
  syscall(SYS_close_range, next, ~0u, 0);
}

// The C library registered an area that is about to be unmapped; the kernel writes to it whenever
// the thread is scheduled (kernel/rseq.c, rseq_handle_notify_resume()).
Status UnregisterRseq() {
  if (__rseq_size == 0) return Ok();
  auto* area = reinterpret_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  // The size given at registration is not published: the original 32 bytes, or the kernel's own.
  for (const unsigned size : {32u, static_cast<unsigned>(__rseq_size)}) {
    if (syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0) return Ok();
  }
  return Error::Errno("unregistering the restartable sequence");
}

Status Prepare(const TaskInputs& in, FileFactory& factory) {
  RETURN_IF_ERROR(JoinSession(in.image->process));
  RETURN_IF_ERROR(RaiseFileLimit());
  RETURN_IF_ERROR(factory.CreateFiles());
  RETURN_IF_ERROR(OpenBackings(in, factory));
  for (const std::string& warning : factory.warnings()) in.channel->SayWarning(warning);
  RETURN_IF_ERROR(UnregisterRseq());
  return NumberDescriptors(in, factory);
}

}  // namespace

void RunTask(const TaskInputs& in) {
  if (!in.channel->AwaitStart()) _exit(127);
  // Never destroyed: what it holds is closed with the rest.
  auto* factory = new FileFactory(*in.kinds, in.image->files, in.image->reader->attachments(), *in.moved_files,
                                  in.plan->fds.first_free);
  if (Status prepared = Prepare(in, *factory); !prepared.has_value()) {
    in.channel->SayError(prepared.error());
    _exit(127);
  }
  CloseTheRest(in);
  in.segment->Enter();
}

}  // namespace tardigrade
