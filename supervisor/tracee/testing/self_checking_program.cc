#include "supervisor/tracee/testing/self_checking_program.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

namespace tardigrade::testing {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

int64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// Keeps general and vector registers busy; the same seed gives the same sum.
__attribute__((noinline)) double Compute(uint64_t seed) {
  double sums[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t a = seed, b = seed ^ 0x9e3779b97f4a7c15, c = ~seed;
  for (int i = 0; i < 200'000; ++i) {
    a = a * 6364136223846793005 + 1442695040888963407;
    b ^= a >> 17;
    c += b * 31;
    for (double& sum : sums) sum = sum * 0.999 + static_cast<double>(c & 0xffff);
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  return total + static_cast<double>((a ^ b ^ c) & 0xfffff);
}

}  // namespace

struct SelfCheckingProgram::Board {
  std::atomic<bool> stop;
  std::atomic<int> eintr;
  std::atomic<bool> failed;
  char what[200];
  std::atomic<uint64_t> rounds[kThreads];
  int pipe[2];
  pthread_t suspended;
  std::atomic<bool> suspended_ready;
  std::atomic<uint64_t> handled;
  std::atomic<uint64_t> resumed;
  uint32_t futex;

  void Check(bool good, const char* call, long result, int64_t took_ns) {
    if (good || failed.exchange(true)) return;
    snprintf(what, sizeof what, "%s: result %ld, errno %d (%s), after %ld us", call, result, errno,
             strerror(errno), took_ns / 1000);
  }
};

namespace {
std::atomic<uint64_t>* g_handled;  // For the handler, which has no other way to it.
void CountSignal(int) { g_handled->fetch_add(1); }
}  // namespace

void SelfCheckingProgram::RunThread(Board* board, int index) {
  const double expected = Compute(static_cast<uint64_t>(index));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  sigset_t usr1, usr2, none;
  sigemptyset(&none);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &usr2, nullptr);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  if (index == 9) {
    board->suspended = pthread_self();
    board->suspended_ready = true;
  }
  uint8_t next_byte = 0, next_read = 0;
  while (!board->stop) {
    board->rounds[index].fetch_add(1);
    const int ms = 2 + index;
    const timespec time = {.tv_sec = 0, .tv_nsec = ms * kNsPerMs};
    const int64_t start = NowNs();
    const auto took = [start] { return NowNs() - start; };
    const auto all_of_it = [&] { return took() >= time.tv_nsec; };
    long result = 0;
    errno = 0;
    switch (index) {
      case 0:
      case 1:
        board->Check(Compute(static_cast<uint64_t>(index)) == expected, "compute", index, took());
        break;
      case 2:
        result = nanosleep(&time, nullptr);
        board->Check(result == 0 && all_of_it(), "nanosleep", result, took());
        break;
      case 3:
        result = poll(nullptr, 0, ms);
        board->Check(result == 0 && all_of_it(), "poll", result, took());
        break;
      case 4:
        result = syscall(SYS_futex, &board->futex, FUTEX_WAIT_PRIVATE, 0, &time, nullptr, 0);
        board->Check(result == -1 && errno == ETIMEDOUT && all_of_it(), "futex", result, took());
        break;
      case 5: {
        epoll_event event;
        result = epoll_wait(epoll, &event, 1, ms);
        if (result < 0 && errno == EINTR) {
          board->eintr.fetch_add(1);
        } else {
          // Its timer may be early by its own granularity when it is shortened to whole ms.
          board->Check(result == 0 && took() >= time.tv_nsec - 2 * kNsPerMs, "epoll_wait", result,
                       took());
        }
        break;
      }
      case 6:
        result = sigtimedwait(&usr2, nullptr, &time);
        if (result < 0 && errno == EINTR) {
          board->eintr.fetch_add(1);
        } else {
          board->Check(result == -1 && errno == EAGAIN && all_of_it(), "sigtimedwait", result,
                       took());
        }
        break;
      case 7: {
        uint8_t byte = 0;
        result = read(board->pipe[0], &byte, 1);
        board->Check(result == 1 && byte == next_read++, "read", result, took());
        break;
      }
      case 8:
        nanosleep(&time, nullptr);
        result = write(board->pipe[1], &next_byte, 1);
        board->Check(result == 1, "write", result, took());
        ++next_byte;
        // One signal for each wait: more would be merged.
        if (board->suspended_ready && board->resumed == board->handled)
          pthread_kill(board->suspended, SIGUSR1);
        break;
      case 9: {
        const uint64_t handled = board->handled;
        result = sigsuspend(&none);
        board->Check(result == -1 && errno == EINTR && board->handled == handled + 1, "sigsuspend",
                     result, took());
        board->resumed = board->handled.load();
        break;
      }
      default: {
        const timespec long_time = {.tv_sec = 0, .tv_nsec = 50 * kNsPerMs};
        result = clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, nullptr);
        board->Check(result == 0 && took() >= 50 * kNsPerMs, "clock_nanosleep", result, took());
      }
    }
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    board->Check(sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGTERM) == 0, "mask",
                 index, 0);
  }
}

SelfCheckingProgram::SelfCheckingProgram() {
  void* const shared =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) abort();
  board_ = new (shared) Board();
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  if (pipe(board_->pipe) != 0) abort();
  g_handled = &board_->handled;
  struct sigaction action = {};
  action.sa_handler = CountSignal;
  sigaction(SIGUSR1, &action, nullptr);
  std::vector<std::thread> threads;
  for (int i = 1; i < kThreads; ++i) threads.emplace_back(RunThread, board_, i);
  RunThread(board_, 0);
  usleep(50'000);
  _exit(board_->failed ? 1 : 0);
}

SelfCheckingProgram::~SelfCheckingProgram() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
  }
  munmap(board_, sizeof(Board));
}

int SelfCheckingProgram::eintr_count() const { return board_->eintr; }

bool SelfCheckingProgram::EveryThreadGoesOn(int seconds) const {
  uint64_t before[kThreads];
  for (int i = 0; i < kThreads; ++i) before[i] = board_->rounds[i];
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (int i = 0; i < kThreads; ++i) {
    while (board_->rounds[i] == before[i]) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      usleep(1000);
    }
  }
  return true;
}

std::string SelfCheckingProgram::Finish() {
  board_->stop = true;
  int status = 0;
  const pid_t pid = pid_;
  pid_ = -1;
  if (waitpid(pid, &status, __WALL) != pid) return "cannot be waited for";
  if (board_->failed) return board_->what;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    char text[60];
    snprintf(text, sizeof text, "ended with status %#x", static_cast<unsigned>(status));
    return text;
  }
  return "";
}

}  // namespace tardigrade::testing
