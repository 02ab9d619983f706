// A busy program that notices when anything about it was disturbed: threads that compute, sleep,
// talk through pipes, handle timer signals and lock each other out, all the time.  Every thread
// counts in STATEFILE.progress, which is mapped: an array of 64-bit numbers.
#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

enum { kPerKind = 2, kKinds = 5, kThreads = kPerKind * kKinds, kWords = 32768 };

static volatile uint64_t* progress;
static volatile int stop;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t inside, entered;
static volatile uint64_t ticks;

// Writes an area of memory and checks what the round before left there.
static void compute(int id) {
  uint64_t* area = malloc(kWords * 8);
  for (uint64_t round = 0; !stop; ++round, ++progress[id])
    for (uint64_t i = 0; i < kWords; ++i) {
      if (round) EXPECT_EQ(area[i], (round - 1) * i + id);
      area[i] = round * i + id;
    }
}

// Keeps numbers in vector registers most of the time.
static void compute_floats(int id) {
  for (uint64_t round = 0; !stop; ++round, ++progress[id]) {
    double sum[8] = {0};
    for (int i = 1; i <= 200000; ++i)
      for (int lane = 0; lane < 8; ++lane) sum[lane] += i * (lane + 1);
    for (int lane = 0; lane < 8; ++lane) EXPECT(sum[lane] == 20000100000.0 * (lane + 1));
  }
}

// Sleeps and waits; neither may end early or with an error.
static void sleep_and_wait(int id) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  for (uint64_t round = 0; !stop; ++round, ++progress[id]) {
    long long begin = e2e_now_ms();
    struct timespec ts = {0, 7000000};
    EXPECT_EQ(nanosleep(&ts, NULL), 0);
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};
    EXPECT_EQ(poll(&fd, 1, 5), 0);
    EXPECT(e2e_now_ms() - begin >= 11);
  }
}

static int ping[kPerKind][2], pong[kPerKind][2];

static void* echo(void* number) {
  int n = (int)(intptr_t)number;
  uint64_t value;
  while (read(ping[n][0], &value, 8) == 8) {
    value = ~value;
    EXPECT_EQ(write(pong[n][1], &value, 8), 8);
  }
  return NULL;
}

// Every message comes back, once, in order.
static void talk(int id) {
  int n = id % kPerKind;
  pthread_t partner;
  EXPECT(pipe(ping[n]) == 0 && pipe(pong[n]) == 0);
  EXPECT_EQ(pthread_create(&partner, NULL, echo, (void*)(intptr_t)n), 0);
  for (uint64_t round = 0; !stop; ++round, ++progress[id]) {
    uint64_t answer = 0;
    EXPECT_EQ(write(ping[n][1], &round, 8), 8);
    EXPECT_EQ(read(pong[n][0], &answer, 8), 8);
    EXPECT_EQ(answer, ~round);
  }
  close(ping[n][1]);
  EXPECT_EQ(pthread_join(partner, NULL), 0);
}

// Locks the others out.
static void lock(int id) {
  for (; !stop; ++progress[id]) {
    pthread_mutex_lock(&mutex);
    EXPECT_EQ(inside, 0);
    inside = 1;
    ++entered;
    for (volatile int i = 0; i < 2000; ++i) {
    }
    inside = 0;
    pthread_mutex_unlock(&mutex);
    sched_yield();
  }
}

static void* thread_main(void* number) {
  static void (*const work[kKinds])(int) = {compute, compute_floats, sleep_and_wait, talk, lock};
  int id = (int)(intptr_t)number;
  work[id / kPerKind](id);
  return NULL;
}

// Timer signals go to the first thread alone.
static void handler(int signal) {
  (void)signal;
  ++ticks;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("progress"), O_RDWR | O_CREAT | O_TRUNC, 0644);
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGRTMIN + 1, &action, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)i), 0);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
  struct itimerspec spec = {{0, 3000000}, {0, 3000000}};
  EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  EXPECT_EQ(timer_settime(timer, 0, &spec, NULL), 0);
  e2e_ready();
  while (!e2e_go_exists()) {
    uint64_t before = ticks;
    while (ticks == before) e2e_pause_ms(1);  // Hangs if the timer is gone.
    ++progress[kThreads];
  }
  stop = 1;
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  EXPECT_EQ(entered, progress[kThreads - 1] + progress[kThreads - 2]);
  return e2e_ok();
}
