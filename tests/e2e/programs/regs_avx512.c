// A thread that only computes keeps the AVX-512 registers (zmm0-31, k0-7).
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile uint32_t stop;
static unsigned char in[32][64], out[32][64];
static uint16_t masks_in[8] = {0x1, 0x23, 0x345, 0x4567, 0x89, 0xabc, 0xdef0, 0xffff}, masks_out[8];

#define EACH8(X, t) X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) X(t##5) X(t##6) X(t##7)
#define EACH32(X)                                                                               \
  EACH8(X, )                                                                                    \
  X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) \
      X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define LOAD_Z(n) "vmovdqu64 64*" #n "(%[in]), %%zmm" #n "\n"
#define SAVE_Z(n) "vmovdqu64 %%zmm" #n ", 64*" #n "(%[out])\n"
#define LOAD_K(n) "kmovw 2*" #n "(%[kin]), %%k" #n "\n"
#define SAVE_K(n) "kmovw %%k" #n ", 2*" #n "(%[kout])\n"

__attribute__((target("avx512f"))) static void* spin(void* unused) {
  __asm__ volatile(
      EACH32(LOAD_Z) EACH8(LOAD_K, ) "1: pause\n cmpl $0, %[stop]\n je 1b\n" EACH32(SAVE_Z)
          EACH8(SAVE_K, ) "vzeroupper\n"
      :
      : [in] "r"(in), [out] "r"(out), [kin] "r"(masks_in), [kout] "r"(masks_out), [stop] "m"(stop)
      : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18",
        "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28",
        "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7");
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (!__builtin_cpu_supports("avx512f")) e2e_skip("this processor has no AVX-512");
  e2e_fill(in, sizeof in, 9);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, spin, NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  stop = 1;
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  EXPECT(memcmp(in, out, sizeof in) == 0);
  EXPECT(memcmp(masks_in, masks_out, sizeof masks_in) == 0);
  return e2e_ok();
}
