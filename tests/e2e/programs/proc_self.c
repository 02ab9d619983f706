// /proc/self shows the same cmdline, environ, auxv, exe, statm bounds.
#include "tests/e2e/programs/e2e.h"

static size_t get(const char* name, char* text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/%s", name);
  return e2e_read_file(path, text, size);
}

// Fields 26..28 and 45..51 of stat: start of code, end of code, start of stack; bounds of data,
// brk, args, env.
static void stat_fields(unsigned long long* out) {
  char text[4096];
  get("stat", text, sizeof text);
  char* at = strrchr(text, ')') + 2;
  for (int field = 3, n = 0; field <= 51; ++field) {
    if ((field >= 26 && field <= 28) || field >= 45) out[n++] = strtoull(at, NULL, 10);
    at = strchr(at, ' ') + 1;
  }
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static const char* const names[] = {"cmdline", "environ", "auxv"};
  static char before[3][70000], now[70000], exe[2][PATH_MAX];
  size_t sizes[3];
  unsigned long long fields[10], fields_now[10];
  for (int i = 0; i < 3; ++i) sizes[i] = get(names[i], before[i], sizeof before[i]);
  EXPECT(readlink("/proc/self/exe", exe[0], PATH_MAX) > 0);
  stat_fields(fields);
  e2e_ready_and_wait();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(names[i], now, sizeof now), sizes[i]);
    EXPECT(memcmp(now, before[i], sizes[i]) == 0);
  }
  EXPECT(sizes[2] > 100);
  EXPECT(readlink("/proc/self/exe", exe[1], PATH_MAX) > 0 && strcmp(exe[0], exe[1]) == 0);
  stat_fields(fields_now);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fields_now[i], fields[i]);
  return e2e_ok();
}
