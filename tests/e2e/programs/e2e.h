// What every e2e program shares: the protocol with the harness, and checks.
//
//   prog STATEFILE
//     sets up, then writes "ready" to STATEFILE (or "skip: WHY", and exits 77);
//     waits until STATEFILE.go exists; it says how long the program was dead, in milliseconds:
//       "AT_LEAST AT_MOST", behind it how many snapshots were taken, and for each restart when it
//       began (milliseconds of CLOCK_MONOTONIC);
//     checks, writes "ok" or "FAIL: WHAT" to STATEFILE.result and exits 0 or 1.
//
// Everything it uses is plain libc, available in glibc and musl.
#ifndef TESTS_E2E_PROGRAMS_E2E_H_
#define TESTS_E2E_PROGRAMS_E2E_H_

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define E2E_FN static __attribute__((unused))
#define E2E_KEEP(value) __asm__ volatile("" : "+r"(value))

static char e2e_state[PATH_MAX - 64];
static int e2e_is_ready;

// Writes a file so that nobody ever sees half of it.
E2E_FN void e2e_write(const char* suffix, const char* text) {
  char path[PATH_MAX], partial[PATH_MAX + 8];
  snprintf(path, sizeof path, "%s%s", e2e_state, suffix);
  snprintf(partial, sizeof partial, "%s.part", path);
  int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) _exit(3);
  close(fd);
  chmod(partial, 0644);
  if (rename(partial, path) != 0) _exit(3);
}

E2E_FN __attribute__((noreturn, format(printf, 1, 2))) void e2e_fail(const char* format, ...) {
  char text[1024] = "FAIL: ";
  va_list args;
  va_start(args, format);
  vsnprintf(text + 6, sizeof text - 8, format, args);
  va_end(args);
  strcat(text, "\n");
  if (!e2e_is_ready) e2e_write("", text);
  e2e_write(".result", text);
  _exit(1);
}

E2E_FN __attribute__((noreturn)) void e2e_skip(const char* why) {
  char text[512];
  snprintf(text, sizeof text, "skip: %s\n", why);
  e2e_write("", text);
  _exit(77);
}

#define EXPECT(condition)                                                         \
  do {                                                                            \
    if (!(condition))                                                             \
      e2e_fail("%s:%d: %s (errno %d: %s)", __FILE__, __LINE__, #condition, errno, \
               strerror(errno));                                                  \
  } while (0)

#define EXPECT_EQ(actual, expected)                                                          \
  do {                                                                                       \
    long long e2e_a = (long long)(actual), e2e_b = (long long)(expected);                    \
    if (e2e_a != e2e_b)                                                                      \
      e2e_fail("%s:%d: %s is %lld (%#llx), not %lld (%#llx) (errno %d)", __FILE__, __LINE__, \
               #actual, e2e_a, e2e_a, e2e_b, e2e_b, errno);                                  \
  } while (0)

#define EXPECT_BETWEEN(actual, low, high)                                                         \
  do {                                                                                            \
    long long e2e_a = (long long)(actual), e2e_l = (long long)(low), e2e_h = (long long)(high);   \
    if (e2e_a < e2e_l || e2e_a > e2e_h)                                                           \
      e2e_fail("%s:%d: %s is %lld, not in %lld..%lld", __FILE__, __LINE__, #actual, e2e_a, e2e_l, \
               e2e_h);                                                                            \
  } while (0)

E2E_FN void e2e_start(int argc, char** argv) {
  if (argc < 2 || argv[1][0] != '/') {
    fprintf(stderr, "usage: %s /ABSOLUTE/STATEFILE\n", argv[0]);
    exit(2);
  }
  snprintf(e2e_state, sizeof e2e_state, "%s", argv[1]);
}

// A path beside the state file.
E2E_FN const char* e2e_file(const char* suffix) {
  static char path[4][PATH_MAX];
  static int turn;
  char* out = path[turn++ % 4];
  snprintf(out, PATH_MAX, "%s.%s", e2e_state, suffix);
  return out;
}

E2E_FN void e2e_ready(void) {
  e2e_is_ready = 1;
  e2e_write("", "ready\n");
}

E2E_FN int e2e_go_exists(void) {
  struct stat st;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s.go", e2e_state);
  return stat(path, &st) == 0;
}

E2E_FN void e2e_pause_ms(long ms) {
  struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&ts, &ts) != 0) {
    // Programs with handlers of their own come here.
  }
}

E2E_FN void e2e_wait_go(void) {
  while (!e2e_go_exists()) e2e_pause_ms(3);
}

E2E_FN void e2e_ready_and_wait(void) {
  e2e_ready();
  e2e_wait_go();
}

E2E_FN long long e2e_now_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

// What the harness told with its go, see above: `numbers` of it, at most as many as asked for.
// Returns how many.
E2E_FN int e2e_told(long long* numbers, int most) {
  char path[PATH_MAX], text[256] = "";
  int count = 0, length;
  snprintf(path, sizeof path, "%s.go", e2e_state);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) e2e_fail("%s is not readable", path);
  close(fd);
  for (char* at = text; count < most && sscanf(at, "%lld%n", &numbers[count], &length) == 1;
       ++count)
    at += length;
  if (count < 3) e2e_fail("%s is not understood", path);
  return count;
}

// How long the program was dead, known after e2e_wait_go().
E2E_FN void e2e_dead_ms(long long* at_least, long long* at_most) {
  long long told[3];
  e2e_told(told, 3);
  *at_least = told[0];
  *at_most = told[1];
}

// Whether the program was restarted at this moment or later, known after e2e_wait_go().
E2E_FN int e2e_restarted_after(long long moment_ms) {
  long long told[16];
  int count = e2e_told(told, 16);
  return count > 3 && told[count - 1] >= moment_ms;
}

E2E_FN int e2e_ok(void) {
  e2e_write(".result", "ok\n");
  return 0;
}

// How many snapshots were taken, known after e2e_wait_go().
E2E_FN int e2e_snapshots(void) {
  long long told[3];
  e2e_told(told, 3);
  return (int)told[2];
}

// The whole of a small file; returns its length, text is terminated.
E2E_FN size_t e2e_read_file(const char* path, char* text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) e2e_fail("open %s: %s", path, strerror(errno));
  size_t done = 0;
  ssize_t n;
  while (done < size - 1 && (n = read(fd, text + done, size - 1 - done)) > 0) done += n;
  close(fd);
  text[done] = 0;
  return done;
}

// A number that follows `key` in a /proc file such as status, or -1.
E2E_FN long long e2e_proc_field(const char* path, const char* key) {
  static char text[65536];
  e2e_read_file(path, text, sizeof text);
  char* at = strstr(text, key);
  return at ? strtoll(at + strlen(key), NULL, 0) : -1;
}

// Copies the smaps line `key` ("VmFlags:") of the mapping that holds `address`; 0 if there is none.
E2E_FN int e2e_smaps(const void* address, const char* key, char* out, size_t size) {
  FILE* file = fopen("/proc/self/smaps", "re");
  char line[4096];
  int inside = 0, found = 0;
  while (file && !found && fgets(line, sizeof line, file)) {
    unsigned long low, high;
    if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
      inside = (unsigned long)address >= low && (unsigned long)address < high;
    else if (inside && strncmp(line, key, strlen(key)) == 0)
      found = snprintf(out, size, "%s", line + strlen(key)) >= 0;
  }
  if (file) fclose(file);
  return found;
}

E2E_FN int e2e_has_vm_flag(const void* address, const char* flag) {
  char flags[512], wanted[8];
  if (!e2e_smaps(address, "VmFlags:", flags, sizeof flags)) return 0;
  snprintf(wanted, sizeof wanted, " %s ", flag);
  flags[strcspn(flags, "\n")] = ' ';
  return strstr(flags, wanted) != NULL;
}

// Fills memory with numbers that depend on the place and the seed, and checks them.
E2E_FN void e2e_fill(void* memory, size_t bytes, uint64_t seed) {
  uint64_t* p = memory;
  for (size_t i = 0; i < bytes / 8; ++i) p[i] = (i + seed) * 0x9e3779b97f4a7c15u;
}

E2E_FN void e2e_check_fill(const void* memory, size_t bytes, uint64_t seed) {
  const uint64_t* p = memory;
  for (size_t i = 0; i < bytes / 8; ++i)
    if (p[i] != (i + seed) * 0x9e3779b97f4a7c15u)
      e2e_fail("word %zu of the area with seed %llu changed", i, (unsigned long long)seed);
}

// Another number each time: process ids are used again, and what has a key may outlive them.
static inline unsigned e2e_unique(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((unsigned)getpid() * 2654435761u) ^ (unsigned)now.tv_nsec;
}

#endif  // TESTS_E2E_PROGRAMS_E2E_H_
