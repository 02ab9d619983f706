#include "supervisor/restore/lone_room.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/memory_map.h"
#include "tests/testing/run_here.h"

namespace tardigrade {
namespace {

std::vector<AddressRange> MappedHere() {
  std::vector<AddressRange> taken;
  const std::vector<MemoryMapping> mappings = ParseMaps(ReadFile("/proc/self/maps").value()).value();
  for (const MemoryMapping& mapping : mappings)
    if (mapping.end <= kTaskSize) taken.emplace_back(mapping.start, mapping.end);
  return taken;
}

// Runs in a child.  Neither its heap nor its stack may grow meanwhile: both have room before.
int MapAlone(uint64_t at) {
  constexpr int kRoom = 4 << 20;
  mallopt(M_TOP_PAD, kRoom);
  mallopt(M_MMAP_THRESHOLD, kRoom);
  mallopt(M_TRIM_THRESHOLD, 2 * kRoom);
  void* volatile heap = malloc(kRoom / 2);
  free(heap);
  volatile char stack[256 << 10];
  for (size_t i = 0; i < sizeof(stack); i += 1024) stack[i] = 0;
  SyscallPlan making, plan;
  making.Add("mapping anywhere", SYS_mmap, {0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
             {.may_fail = false, .exactly = static_cast<int64_t>(at)});
  SyscallPlan rehearsal;
  PlanInLoneRoom({at, at + 8192}, MappedHere(), making, rehearsal);
  (void)rehearsal.Compile();
  PlanInLoneRoom({at, at + 8192}, MappedHere(), making, plan);
  const Status run = testing::RunHere(plan).Check();
  if (!run.has_value()) {
    std::fprintf(stderr, "%s\n", run.error().ToString().c_str());
    return 1;
  }
  // The rest is free again.
  void* const other = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return other == MAP_FAILED ? 2 : 0;
}

TEST(PlanInLoneRoom, TheKernelHasNoChoice) {
  for (const uint64_t at : {uint64_t{0x10000000}, uint64_t{0x500000000000}, uint64_t{0x7fff00000000}}) {
    const pid_t child = fork();
    if (child == 0) _exit(MapAlone(at));
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << std::hex << at;
  }
}

}  // namespace
}  // namespace tardigrade
