#ifndef TESTS_TESTING_PRACTICE_TASK_H_
#define TESTS_TESTING_PRACTICE_TASK_H_

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <vector>

#include "protocols/freestanding/run_program.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/task_kind.h"
#include "tests/testing/fake_contexts.h"

namespace tardigrade::testing {

// A single-threaded child that runs syscall programs on request, as a parasite or a restorer would:
// something to collect a task kind's state from, or to restore it into.  Starts with all signals
// blocked.  Killed and reaped on destruction, and by the kernel should the test die first.
class PracticeTask {
 public:
  explicit PracticeTask(std::function<void()> setup = [] {}) {
    shared_ = static_cast<uint64_t*>(
        mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (shared_ == MAP_FAILED || pipe(request_) != 0 || pipe(answer_) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);
      setup();
      Serve();
    }
    close(request_[0]);  // So that a child that died is noticed.
    close(answer_[1]);
    Await();
  }
  ~PracticeTask() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
    close(request_[1]);
    close(answer_[0]);
    munmap(shared_, kSharedBytes);
  }
  PracticeTask(const PracticeTask&) = delete;
  PracticeTask& operator=(const PracticeTask&) = delete;

  pid_t pid() const { return pid_; }

  TaskFacts Facts() const {
    TaskFacts facts;
    facts.pid = facts.tid = facts.inner_pid = facts.inner_tid = pid_;
    facts.proc_dir = StrCat("/proc/", pid_, "/task/", pid_);
    facts.status = ReadFile(facts.proc_dir + "/status").value();
    return facts;
  }

  // Runs `plan` in the child.
  Outcome Run(const SyscallPlan& plan) {
    std::vector<uint64_t> program = plan.Compile();
    if (program.size() * 8 > kSharedBytes) abort();
    std::memcpy(shared_, program.data(), program.size() * 8);
    if (write(request_[1], "r", 1) != 1) abort();
    Await();
    std::memcpy(program.data(), shared_, program.size() * 8);
    return Outcome(plan, std::move(program));
  }

  // Check(), AddQueries(), Collect(): the child is in ptrace-stop but while it runs the queries.
  Result<Value> Collect(const TaskKind& kind) {
    RETURN_IF_ERROR(Frozen([&] { return kind.Check(Facts()); }));
    SyscallPlan queries;
    const size_t first = kind.AddQueries(Facts(), queries);
    const Outcome answers = Run(queries);
    RETURN_IF_ERROR(answers.Check());
    return Frozen([&] { return kind.Collect(Facts(), answers, first, contexts_); });
  }

  // Restores `state` into the child, phase by phase.
  Status Restore(const TaskKind& kind, const Value& state, const RestoreFacts& facts = {}) {
    TaskPlan plan;
    RETURN_IF_ERROR(kind.Restore(state, facts, plan));
    for (const SyscallPlan& phase : plan.phases) {
      if (!phase.empty()) RETURN_IF_ERROR(Run(phase).Check());
    }
    return Ok();
  }

  template <typename Look>
  std::invoke_result_t<Look> Frozen(Look look) {
    if (ptrace(PTRACE_SEIZE, pid_, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, pid_, 0, 0) != 0) abort();
    waitpid(pid_, nullptr, __WALL);
    auto seen = look();
    ptrace(PTRACE_DETACH, pid_, 0, 0);
    return seen;
  }

  FakeContexts& contexts() { return contexts_; }

 private:
  static constexpr size_t kSharedBytes = size_t{4} << 20;

  [[noreturn]] void Serve() {
    char c = 0;
    for (;;) {
      (void)!write(answer_[1], "a", 1);
      while (read(request_[0], &c, 1) != 1) {
      }
      (void)protocol::RunProgram(reinterpret_cast<protocol::SyscallProgram*>(shared_));
    }
  }
  void Await() {
    char c = 0;
    if (read(answer_[0], &c, 1) != 1) abort();
  }

  uint64_t* shared_ = nullptr;
  int request_[2] = {-1, -1};
  int answer_[2] = {-1, -1};
  pid_t pid_ = -1;
  FakeContexts contexts_;
};

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_PRACTICE_TASK_H_
