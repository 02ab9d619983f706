#ifndef SUPERVISOR_CHECKPOINT_SURVEY_H_
#define SUPERVISOR_CHECKPOINT_SURVEY_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/checkpoint/frozen_tree.h"
#include "supervisor/image/documents.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/kernel/proc_stat.h"
#include "supervisor/resource/kind_list.h"

namespace tardigrade {

// Whether the process may be looked into at all.  Errors: kDenied, saying why not and the way out.
Status CheckMayLook(pid_t pid);

// The one kind that claims what `facts` tell, `all` that is known besides.  Errors: kUnsupported, saying
// what it is, if none does.
Result<const FdKind*> ClaimFd(const FdFacts& facts, std::span<const FdFacts> all, const KindList& kinds);

// What can be known of one process from outside, and which kind claims each part of it.
struct ProcessSurvey {
  pid_t pid = -1;        // As seen here: whom to ask, see TaskFacts.
  pid_t inner_pid = -1;  // As the process sees itself.
  pid_t inner_parent = 0;  // 0 if its parent is not surveyed along with it.
  std::string comm;
  ProcStat stat;
  bool has_ended = false;  // A zombie: nothing of what follows but threads[0].
  SharedWith shared;       // By their inner pids; see FindSharing().

  std::vector<TaskFacts> threads;  // Leader first; without it if it has exited.
  std::optional<TaskFacts> exited_leader;
  std::vector<MemoryMapping> mappings;  // None if it has the memory of one before it.
  std::vector<const MappingKind*> mapping_kinds;  // Per mapping.
  size_t first_descriptor = 0;  // Of Survey::descriptors, that many; none if it shares those of one before it.
  size_t descriptor_count = 0;
  pid_t table_of = 0;  // Whose descriptor table it shares, of those before it; 0 if none's.
};

// The same of all processes that are to be saved.  True of frozen ones; of running ones it is a first
// look that finds most reasons to refuse.
struct Survey {
  std::vector<ProcessSurvey> processes;  // Root first, parents before their children.
  JobPids pids;

  std::vector<FdFacts> descriptors;     // By process and number; local_fd is one of `local_fds`.
  std::vector<bool> close_on_exec;      // Per descriptor.
  std::vector<const FdKind*> fd_kinds;  // Per descriptor.
  std::vector<size_t> file_of;          // Per descriptor: index into `first_of`.
  std::vector<size_t> first_of;         // Per open file description: its first descriptor.
  std::vector<ScopedFd> local_fds;      // One of each description.

  // `descriptors`, and after them what is in flight between them and nobody has a descriptor of.
  std::vector<FdFacts> all;
  std::vector<const FdKind*> in_flight_kinds;  // Per description in flight.
  // Something may be in flight, which is not looked at while the processes run: what the first look
  // misses may be there.
  bool is_incomplete = false;
  JobFacts job;  // Of those that have not ended.
  std::vector<std::vector<pid_t>> thread_ids;  // As job.members.

  // Errors: kUnsupported, naming every kind of thing that nobody claims; kDenied; kTraceeGone.
  // `frozen`: all threads are in ptrace-stop under the calling thread.
  static Result<std::unique_ptr<Survey>> Take(std::span<const TreeMember> members, const KindList& kinds,
                                              bool frozen);

  // What becomes of connections to others, and whether files are copied.
  void SetPolicy(ExternalPolicy external, bool save_files);
  // All of it will be killed when the image is whole.
  void MarkEnding();

  // Asks every kind whether it can save what it claims.  Errors: kUnsupported, with the way out.
  Status Check(const KindList& kinds) const;
};

// The process's parent, if that is of the job; else null.
const ProcessSurvey* ParentOf(const Survey& survey, const ProcessSurvey& process);

// A visit is mostly waiting, so several are made at once: of so many threads, which bounds memory.  Returns the end of the
// group of processes that begins with number `first`.
size_t EndOfGroup(const Survey& survey, size_t first);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SURVEY_H_
