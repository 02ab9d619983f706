// Credentials of a program that root started: ids, groups, capability sets, securebits.
#include <grp.h>

#include "tests/e2e/programs/e2e.h"

struct header {
  uint32_t version;
  int pid;
};
struct data {
  uint32_t effective, permitted, inheritable;
};
enum {
  kVersion3 = 0x20080522,
  kNetRaw = 13,
  kSetgid = 6,
  kSetuid = 7,
  kChroot = 18,
  kNoroot = 1,
  kNoSetuidFixup = 4
};

static void get(struct data* caps) {
  struct header header = {kVersion3, 0};
  EXPECT_EQ(syscall(SYS_capget, &header, caps), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (geteuid() != 0) e2e_skip("needs root");
  gid_t groups[5] = {7, 1000, 3, 70000, 12}, groups_now[16];
  EXPECT_EQ(setgroups(5, groups), 0);
  EXPECT_EQ(getgroups(5, groups), 5);  // The kernel sorts them.
  EXPECT_EQ(prctl(PR_CAPBSET_DROP, kChroot, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_SECUREBITS, kNoroot | kNoSetuidFixup, 0, 0, 0), 0);
  EXPECT_EQ(setresgid(101, 102, 103), 0);
  EXPECT_EQ(setresuid(0, 0, 203), 0);
  struct header header = {kVersion3, 0};
  struct data caps[2], now[2];
  get(caps);
  caps[0].inheritable = 1u << kNetRaw | 1u << kSetgid;
  caps[0].effective &= ~(1u << kNetRaw);
  EXPECT_EQ(syscall(SYS_capset, &header, caps), 0);
  EXPECT_EQ(prctl(47 /* PR_CAP_AMBIENT */, 2 /* RAISE */, kSetgid, 0, 0), 0);
  e2e_ready_and_wait();
  uid_t r, e, s;
  EXPECT_EQ(getresuid(&r, &e, &s), 0);
  EXPECT(r == 0 && e == 0 && s == 203);
  EXPECT_EQ(getresgid(&r, &e, &s), 0);
  EXPECT(r == 101 && e == 102 && s == 103);
  EXPECT_EQ(getgroups(16, groups_now), 5);
  EXPECT(memcmp(groups, groups_now, sizeof groups) == 0);
  get(now);
  EXPECT(memcmp(caps, now, sizeof caps) == 0);
  EXPECT_EQ(prctl(PR_CAPBSET_READ, kChroot, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_CAPBSET_READ, kSetuid, 0, 0, 0), 1);
  EXPECT_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), kNoroot | kNoSetuidFixup);
  EXPECT_EQ(prctl(47, 1 /* IS_SET */, kSetgid, 0, 0), 1);
  EXPECT_EQ(prctl(47, 1, kNetRaw, 0, 0), 0);
  return e2e_ok();
}
