#include "plugins/sysv_sem/undo_values.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "plugins/sysv_sem/sysv_sem_state.h"
#include "supervisor/kernel/blank_process.h"
#include "supervisor/kernel/kcmp.h"

namespace tardigrade::sysv_sem {
namespace {

constexpr int32_t kRange = kMaxValue + 1;  // An undo value is from -kRange to kMaxValue.
constexpr size_t kAsksAtOnce = 400;

sembuf Operation(int32_t semaphore, int32_t change, int flags = 0) {
  return {.sem_num = static_cast<unsigned short>(semaphore),
          .sem_op = static_cast<short>(change),
          .sem_flg = static_cast<short>(flags | IPC_NOWAIT)};
}

// Fails with ERANGE if the undo value is at least `size` (negative: at most), with EAGAIN if not.
std::vector<sembuf> Probe(const UndoQuestion& question, int32_t size) {
  const int32_t n = question.semaphore;
  std::vector<sembuf> ops;
  const auto add = [&](int32_t change, int flags = 0) {
    if (change != 0) ops.push_back(Operation(n, change, flags));
  };
  if (size > 0) {
    // Up to the top, down by what makes the undo value too large, and down by more than is left.
    add(kMaxValue - question.value);
    add(-(kRange - size), SEM_UNDO);
    add(-size);
    return ops;
  }
  // The same upside down.
  const int32_t step = kRange + size + 1;
  add(-question.value);
  add(std::min(step, kMaxValue), SEM_UNDO);
  int32_t now = std::min(step, kMaxValue);
  if (step > kMaxValue) {
    add(-kMaxValue);
    add(1, SEM_UNDO);
    now = 1;
  }
  add(-(now + 1));
  return ops;
}

struct Search {
  size_t question;
  int32_t sign;
  int32_t low = 0, high = kMaxValue;  // The size is in [low, high].
  int32_t middle() const { return low + (high - low + 1) / 2; }
};

// One step of each search.
Status Narrow(std::span<const UndoQuestion> questions, std::span<Search> searches, bool first,
              size_t member, const AskMember& ask) {
  SyscallPlan plan;
  for (const Search& search : searches) {
    const UndoQuestion& question = questions[search.question];
    const std::vector<sembuf> ops =
        Probe(question, search.sign * (first ? 1 : search.middle()));
    plan.Ask("asking for an undo value of a semaphore", SYS_semop,
             {question.set, Arg::Bytes(std::as_bytes(std::span(ops))), ops.size()});
  }
  ASSIGN_OR_RETURN(const Outcome answers, ask(member, plan));
  for (size_t i = 0; i < searches.size(); ++i) {
    Search& search = searches[i];
    const int32_t size = first ? 1 : search.middle();
    const int64_t result = answers.result(i);
    if (result == -ERANGE) {
      search.low = size;
    } else if (result == -EAGAIN || result == -EACCES) {
      search.high = size - 1;
    } else {
      return Error::Syscall(ErrorCode::kRemote, static_cast<int>(result < 0 ? -result : 0),
                            StrCat("asking for an undo value of semaphore set ",
                                   questions[search.question].set));
    }
  }
  return Ok();
}

Status NarrowAll(std::span<const UndoQuestion> questions, std::vector<Search>& searches, bool first,
                 size_t member, const AskMember& ask) {
  for (size_t at = 0; at < searches.size(); at += kAsksAtOnce) {
    const size_t count = std::min(kAsksAtOnce, searches.size() - at);
    RETURN_IF_ERROR(
        Narrow(questions, std::span(searches).subspan(at, count), first, member, ask));
  }
  return Ok();
}

Error CannotCompare(pid_t pid) {
  return Error::Errno("comparing the undo lists of semaphores of process ", pid, " (kcmp)");
}

}  // namespace

Result<std::vector<int32_t>> FindUndoValues(std::span<const UndoQuestion> questions, size_t member,
                                            const AskMember& ask) {
  std::vector<Search> searches;
  for (size_t i = 0; i < questions.size(); ++i) {
    searches.push_back({.question = i, .sign = 1});
    searches.push_back({.question = i, .sign = -1});
  }
  // Most are zero, and known to be after the first step.
  bool first = true;
  std::vector<int32_t> found(questions.size());
  while (!searches.empty()) {
    RETURN_IF_ERROR(NarrowAll(questions, searches, first, member, ask));
    first = false;
    std::erase_if(searches, [&found](const Search& search) {
      if (search.low != search.high) return false;
      if (search.low != 0) found[search.question] = search.sign * search.low;
      return true;
    });
  }
  return found;
}

Result<std::vector<size_t>> MembersWithUndoList(const JobFacts& job) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedBlankProcess> without, ScopedBlankProcess::Create());
  std::vector<size_t> with;
  std::vector<pid_t> pids;
  for (size_t i = 0; i < job.members.size(); ++i) {
    const JobMember& member = job.members[i];
    const long same = CompareTasks(member.pid, without->pid(), KCMP_SYSVSEM);
    if (same < 0) return CannotCompare(member.pid);
    for (const pid_t thread : member.threads) {
      const long like_others = CompareTasks(member.pid, thread, KCMP_SYSVSEM);
      if (like_others < 0) return CannotCompare(thread);
      if (like_others != 0)
        return Error(ErrorCode::kUnsupported,
                     StrCat("thread ", thread, " of process ", member.pid,
                            " has undo values of semaphores of its own (a thread made without "
                            "CLONE_SYSVSEM), which cannot be saved"));
    }
    if (same == 0) continue;
    with.push_back(i);
    pids.push_back(member.pid);
  }
  const std::vector<size_t> first = FirstWithSame(pids, KCMP_SYSVSEM);
  std::vector<size_t> owners;
  for (size_t i = 0; i < with.size(); ++i) {
    if (first[i] == i) owners.push_back(with[i]);
  }
  return owners;
}

std::vector<std::vector<sembuf>> OperationsThatUndo(int32_t semaphore, int32_t value,
                                                    int32_t adjustment) {
  constexpr int32_t kMost = kMaxValue / 2;  // Fits above or below any value.
  std::vector<std::vector<sembuf>> calls;
  while (adjustment != 0) {
    const int32_t size = std::min(std::abs(adjustment), kMost);
    // SEM_UNDO notes the opposite of what is done.
    const int32_t change = adjustment > 0 ? -size : size;
    const sembuf noted = Operation(semaphore, change, SEM_UNDO);
    const sembuf silent = Operation(semaphore, -change);
    const bool fits = value + change >= 0 && value + change <= kMaxValue;
    calls.push_back(fits ? std::vector{noted, silent} : std::vector{silent, noted});
    adjustment += change;
  }
  return calls;
}

}  // namespace tardigrade::sysv_sem
