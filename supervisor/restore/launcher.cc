#include "supervisor/restore/launcher.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/children.h"
#include "supervisor/resource/init_name.h"

namespace tardigrade {
namespace {

// Steps of the init before there is a task, for messages.
enum InitStep : int32_t { kNone, kMapIds, kPrivateMounts, kCloneTask };

const char* StepName(int32_t step) {
  switch (step) {
    case kMapIds: return "mapping the user and group id";
    case kPrivateMounts: return "making mounts private";
    case kCloneTask: return "making the task with its old pid";
    default: return "starting the namespace's init";
  }
}

// Exit status of an intermediate that sits on the pid it was to give to another.
constexpr int kPidIsMine = 3;

// clone3(2), like fork(2) with `flags`; `set_tid` chooses the pid unless it is 0.
pid_t Fork(uint64_t flags, pid_t set_tid) {
  clone_args args = {};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  if (set_tid != 0) {
    args.set_tid = reinterpret_cast<uint64_t>(&set_tid);
    args.set_tid_size = 1;
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
}

Status MapIds(uid_t uid, gid_t gid) {
  RETURN_IF_ERROR(WriteFile("/proc/self/setgroups", "deny"));
  RETURN_IF_ERROR(WriteFile("/proc/self/uid_map", StrCat(uid, " ", uid, " 1")));
  return WriteFile("/proc/self/gid_map", StrCat(gid, " ", gid, " 1"));
}

void CloseEverything() {
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2 && null >= 0; ++fd) dup2(null, fd);
  syscall(SYS_close_range, 3, ~0u, 0);
}

void Announce(uint32_t* word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void AwaitNot(uint32_t* word, uint32_t value, int timeout_ms) {
  const timespec timeout{.tv_sec = 0, .tv_nsec = timeout_ms * 1'000'000L};
  if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
    syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, nullptr, 0);
}

// The only child of the namespace's init, as seen here.
Result<pid_t> ChildOf(pid_t init) {
  ASSIGN_OR_RETURN(const std::string children, ReadFile(StrCat("/proc/", init, "/task/", init, "/children")));
  const pid_t child = std::atoi(children.c_str());
  if (child <= 0) return Error(ErrorCode::kTraceeGone, "the task ended before it began");
  return child;
}

// `root` and all its descendants.
std::vector<pid_t> FamilyOf(pid_t root) {
  std::vector<pid_t> family = {root};
  for (size_t i = 0; i < family.size(); ++i) {
    const Result<std::vector<pid_t>> children = ListChildren(family[i]);
    if (children.has_value()) family.insert(family.end(), children.value().begin(), children.value().end());
  }
  return family;
}

}  // namespace

Result<std::unique_ptr<Launcher>> Launcher::Create() {
  void* shared = mmap(nullptr, sizeof(InitReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error::Errno("mapping memory shared with the init");
  return std::unique_ptr<Launcher>(new Launcher(new (shared) InitReport));
}

Launcher::~Launcher() { munmap(report_, sizeof(*report_)); }

// Whoever makes the task, it dies with the restorer without PR_SET_PDEATHSIG: before it is traced it
// waits for a word on a socket that ends with the restorer, and traced it is with PTRACE_O_EXITKILL.
Result<LaunchedTask> Launcher::WithSamePid(pid_t pid, bool adopted, const std::function<void()>& run) {
  if (adopted) return FromIntermediate(pid, run);
  const pid_t child = Fork(0, pid);
  if (child < 0) return Error::Errno("making a process with pid ", pid);
  if (child == 0) {
    run();
    _exit(127);
  }
  return LaunchedTask{.pid = child, .init_pid = -1, .new_user_namespace = false};
}

Result<LaunchedTask> Launcher::FromIntermediate(pid_t pid, const std::function<void()>& run) {
  // An intermediate that happens to get the very pid makes way for the next.
  for (int attempt = 0; attempt < 3; ++attempt) {
    *report_ = InitReport();
    const pid_t intermediate = Fork(0, 0);
    if (intermediate < 0) return Error::Errno("making a process to make the task");
    if (intermediate == 0) {
      if (getpid() == pid) _exit(kPidIsMine);
      if (const pid_t child = Fork(0, pid); child == 0) {
        run();
        _exit(127);
      } else if (child < 0) {
        report_->launch_error = errno;
      }
      _exit(0);
    }
    int status = 0;
    while (waitpid(intermediate, &status, __WALL) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kPidIsMine) continue;
    if (status != 0) return Error(ErrorCode::kSystem, "the process that was to make the task died");
    if (report_->launch_error == 0) return LaunchedTask{.pid = pid, .init_pid = -1, .new_user_namespace = false};
    errno = report_->launch_error;
    return Error::Errno("making a process with pid ", pid);
  }
  return Error(ErrorCode::kSystem, StrCat("pid ", pid, " is taken again and again"));
}

void Launcher::RunInit(pid_t pid, const ScopedFd& restorer, bool user_namespace, uid_t uid, gid_t gid,
                       const std::function<void()>& run) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have died before that.
  pollfd ended = {.fd = restorer.get(), .events = POLLIN, .revents = 0};
  if (poll(&ended, 1, /*timeout_ms=*/0) != 0) _exit(127);
  prctl(PR_SET_NAME, kInitName);
  const auto fail = [this](InitStep step) {
    report_->launch_step = step;
    report_->launch_error = errno;
    _exit(127);
  };
  if (user_namespace && !MapIds(uid, gid).has_value()) fail(kMapIds);
  prctl(PR_SET_DUMPABLE, 1);
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail(kPrivateMounts);
  // Where a container hides parts of /proc a full one is not allowed: the old one, with the outer
  // pids in it, has to do then.
  (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  const pid_t root = Fork(0, pid);
  if (root < 0) fail(kCloneTask);
  if (root == 0) {
    // Of the init, not of the restorer: a parent in the same namespace.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run();
    _exit(127);
  }
  CloseEverything();
  while (__atomic_load_n(&report_->set_free, __ATOMIC_ACQUIRE) == 0) AwaitNot(&report_->set_free, 0, 100);
  prctl(PR_SET_PDEATHSIG, 0);
  Announce(&report_->set_free, 2);
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, __WALL);
    if (ended == root) {
      report_->wait_status = status;
      Announce(&report_->root_ended, 1);
    } else if (ended < 0 && errno == ECHILD) {
      _exit(0);
    }
  }
}

Result<LaunchedTask> Launcher::InNewNamespace(pid_t pid, bool new_ipc_namespace, const std::function<void()>& run) {
  if (pid == 1)
    return Error(ErrorCode::kUnsupported, "the job was the init of a PID namespace; such a one cannot be restored yet");
  *report_ = InitReport();
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  const ScopedFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!self.valid()) return Error::Errno("pidfd_open of this process");
  const uint64_t namespaces = CLONE_NEWPID | CLONE_NEWNS | (new_ipc_namespace ? CLONE_NEWIPC : 0);
  bool user_namespace = false;
  pid_t init = Fork(namespaces, 0);
  if (init < 0 && errno == EPERM) {
    user_namespace = true;
    init = Fork(namespaces | CLONE_NEWUSER, 0);
  }
  if (init < 0)
    return Error::Errno("making a ", user_namespace ? "user and " : "", "PID namespace (the administrator may have ",
                        "forbidden it: user.max_user_namespaces, kernel.unprivileged_userns_clone)");
  if (init == 0) RunInit(pid, self, user_namespace, uid, gid, run);

  LaunchedTask task{.pid = -1, .init_pid = init, .new_user_namespace = user_namespace};
  for (;;) {
    Result<pid_t> child = ChildOf(init);
    if (child.has_value()) {
      task.pid = child.value();
      return task;
    }
    if (waitpid(init, nullptr, WNOHANG | __WALL) == init) break;
    usleep(200);
  }
  if (report_->launch_error == 0) return Error(ErrorCode::kTraceeGone, "the namespace's init ended");
  errno = report_->launch_error;
  return Error::Errno(StepName(report_->launch_step));
}

void Launcher::Abandon(const LaunchedTask& task, const std::vector<pid_t>& others) {
  const pid_t top = task.init_pid > 0 ? task.init_pid : task.pid;
  // The init cannot end before all in its namespace is reaped, and a traced thread is reaped by its
  // tracer first (kernel/pid_namespace.c, zap_pid_ns_processes(); kernel/exit.c, wait_task_zombie()).
  std::vector<pid_t> family = FamilyOf(task.pid);
  for (const pid_t other : others) {
    const std::vector<pid_t> more = FamilyOf(other);
    family.insert(family.end(), more.begin(), more.end());
  }
  std::vector<pid_t> traced;
  for (const pid_t pid : family) {
    traced.push_back(pid);
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(StrCat("/proc/", pid, "/task"), unreadable))
      traced.push_back(std::atoi(entry.path().filename().c_str()));
  }
  kill(top, SIGKILL);
  for (const pid_t pid : family) kill(pid, SIGKILL);
  for (;;) {
    bool all_reaped = true;
    for (const pid_t tid : traced) {
      if (tid != top) all_reaped = (waitpid(tid, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD) && all_reaped;
    }
    const pid_t ended = waitpid(top, nullptr, WNOHANG | __WALL);
    if ((ended == top || (ended < 0 && errno == ECHILD)) && all_reaped) return;
    usleep(500);
  }
}

void Launcher::SetFree(const LaunchedTask& task) {
  if (task.init_pid < 0) return;
  Announce(&report_->set_free, 1);
  while (__atomic_load_n(&report_->set_free, __ATOMIC_ACQUIRE) != 2) AwaitNot(&report_->set_free, 1, 100);
}

Result<int> Launcher::WaitForEnd(const LaunchedTask& task) {
  sigset_t watched;
  sigfillset(&watched);
  sigset_t job_control;
  sigemptyset(&job_control);
  for (const int own : {SIGTTIN, SIGTTOU, SIGTSTP}) {
    sigdelset(&watched, own);
    sigaddset(&job_control, own);
  }
  for (const int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&watched, fatal);
  sigprocmask(SIG_UNBLOCK, &job_control, nullptr);
  const pid_t child = task.init_pid > 0 ? task.init_pid : task.pid;
  for (;;) {
    if (task.init_pid > 0 && __atomic_load_n(&report_->root_ended, __ATOMIC_ACQUIRE) != 0) return report_->wait_status;
    int status = 0;
    const pid_t ended = waitpid(child, &status, WNOHANG | __WALL);
    if (ended < 0 && errno != EINTR) return Error::Errno("waiting for the job");
    if (ended == child) return task.init_pid > 0 ? report_->wait_status : status;
    const timespec tick{.tv_sec = 0, .tv_nsec = task.init_pid > 0 ? 20'000'000 : 500'000'000};
    const int signal = sigtimedwait(&watched, nullptr, &tick);
    if (signal > 0 && signal != SIGCHLD) kill(task.pid, signal);
  }
}

}  // namespace tardigrade
