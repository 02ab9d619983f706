#include "plugins/unix_socket/run_as.h"

#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

namespace tardigrade::unix_socket {
namespace {

// The calling thread's effective ids, by the bare system calls: glibc would set all threads'.
class ScopedIds {
 public:
  static std::optional<ScopedIds> Switch(const Creator& creator) {
    ScopedIds ids;
    if (ids.IsAlready(creator)) return ids;
    const bool groups = creator.groups != ids.groups_;
    if (groups && syscall(SYS_setgroups, creator.groups.size(), creator.groups.data()) != 0)
      return std::nullopt;
    ids.switched_groups_ = groups;
    if (syscall(SYS_setresgid, -1, creator.gid, -1) != 0) return std::nullopt;
    ids.switched_ = true;
    if (syscall(SYS_setresuid, -1, creator.uid, -1) != 0) return std::nullopt;
    return ids;
  }
  ScopedIds(ScopedIds&& other) noexcept
      : uid_(other.uid_), gid_(other.gid_), groups_(std::move(other.groups_)),
        dumpable_(other.dumpable_), death_signal_(other.death_signal_),
        switched_(other.switched_), switched_groups_(other.switched_groups_) {
    other.switched_ = other.switched_groups_ = false;
  }
  ~ScopedIds() {
    if (switched_) {
      syscall(SYS_setresuid, -1, uid_, -1);
      syscall(SYS_setresgid, -1, gid_, -1);
      // A change of ids takes these (kernel/cred.c, commit_creds()).
      prctl(PR_SET_DUMPABLE, dumpable_);
      prctl(PR_SET_PDEATHSIG, death_signal_);
    }
    if (switched_groups_) syscall(SYS_setgroups, groups_.size(), groups_.data());
  }

 private:
  ScopedIds() : uid_(geteuid()), gid_(getegid()), dumpable_(prctl(PR_GET_DUMPABLE)) {
    prctl(PR_GET_PDEATHSIG, &death_signal_);
    const int count = getgroups(0, nullptr);
    groups_.resize(count > 0 ? static_cast<size_t>(count) : 0);
    if (getgroups(count, groups_.data()) < 0) groups_.clear();
  }
  // Whose groups are not known are no reason to switch.
  bool IsAlready(const Creator& creator) const {
    return creator.uid == uid_ && creator.gid == gid_ &&
           (creator.groups.empty() || creator.groups == groups_);
  }

  uid_t uid_;
  gid_t gid_;
  std::vector<gid_t> groups_;
  int dumpable_;
  int death_signal_ = 0;
  bool switched_ = false;
  bool switched_groups_ = false;
};

// nullopt if these ids may not be had.
std::optional<CallOutcome> CallHere(const Creator& creator,
                                    const std::function<CallOutcome()>& call) {
  const std::optional<ScopedIds> ids = ScopedIds::Switch(creator);
  if (!ids.has_value()) return std::nullopt;
  return call();
}

struct SharedOutcome {
  bool called = false;
  CallOutcome outcome;
};

// A child with that very pid; nullopt if it may not be had.
std::optional<CallOutcome> CallInChild(const Creator& creator,
                                       const std::function<CallOutcome()>& call) {
  void* page = mmap(nullptr, sizeof(SharedOutcome), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return std::nullopt;
  auto* shared = new (page) SharedOutcome();
  const pid_t wanted = creator.pid;
  clone_args args = {};
  args.flags = CLONE_FILES;
  args.set_tid = reinterpret_cast<uint64_t>(&wanted);
  args.set_tid_size = 1;
  const long child = syscall(SYS_clone3, &args, sizeof(args));
  if (child == 0) {
    const std::optional<CallOutcome> outcome = CallHere(creator, call);
    shared->called = outcome.has_value();
    shared->outcome = outcome.value_or(CallOutcome());
    _exit(0);
  }
  // It has no exit signal.
  while (child > 0 && waitpid(static_cast<pid_t>(child), nullptr, __WALL) < 0 && errno == EINTR) {
    // Once more.
  }
  std::optional<CallOutcome> outcome;
  if (child > 0 && shared->called) outcome = shared->outcome;
  munmap(page, sizeof(SharedOutcome));
  return outcome;
}

}  // namespace

CallOutcome RunAs(const Creator& creator, CreateContext& context,
                  const std::function<CallOutcome()>& call) {
  // Who was in another PID namespace, or nobody.
  if (creator.pid == 0) return call();
  const std::optional<CallOutcome> outcome =
      creator.pid == getpid() ? CallHere(creator, call) : CallInChild(creator, call);
  if (outcome.has_value()) return *outcome;
  context.Warn(StrCat("a UNIX socket will show (SO_PEERCRED) that process ", getpid(), " of user ",
                      geteuid(), " connected it; it was process ", creator.pid, " of user ",
                      creator.uid));
  return call();
}

}  // namespace tardigrade::unix_socket
