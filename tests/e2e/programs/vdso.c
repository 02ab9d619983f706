// The vDSO is where it was, and time goes on through it.
#include <sys/auxv.h>
#include <sys/time.h>

#include "tests/e2e/programs/e2e.h"

static unsigned long vdso_in_maps(void) {
  FILE* maps = fopen("/proc/self/maps", "re");
  char line[4096];
  unsigned long low = 0;
  while (fgets(line, sizeof line, maps))
    if (strstr(line, "[vdso]")) sscanf(line, "%lx", &low);
  fclose(maps);
  return low;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
  if (!vdso) e2e_skip("no vDSO here");
  EXPECT_EQ(vdso_in_maps(), vdso);
  long long before = e2e_now_ms();
  e2e_ready();
  while (!e2e_go_exists())
    for (int i = 0; i < 100000; ++i) EXPECT(e2e_now_ms() >= before);  // Mostly inside the vDSO.
  EXPECT_EQ(getauxval(AT_SYSINFO_EHDR), vdso);
  EXPECT_EQ(vdso_in_maps(), vdso);
  EXPECT(memcmp((void*)vdso, "\177ELF", 4) == 0);
  struct timespec real, kernel;
  clock_gettime(CLOCK_REALTIME, &real);
  EXPECT_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel), 0);
  EXPECT_BETWEEN(kernel.tv_sec - real.tv_sec, 0, 2);
  return e2e_ok();
}
