// A thread that only computes keeps x87, SSE and AVX registers and both control words.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile uint32_t stop;
static unsigned char in[16][32], out[16][32];
static uint32_t mxcsr_out;
static uint16_t x87_control_out;
static double x87_out[2];

#define EACH(X) \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_Y(n) "vmovdqu 32*" #n "(%[in]), %%ymm" #n "\n"
#define SAVE_Y(n) "vmovdqu %%ymm" #n ", 32*" #n "(%[out])\n"
#define LOAD_X(n) "movdqu 32*" #n "(%[in]), %%xmm" #n "\n"
#define SAVE_X(n) "movdqu %%xmm" #n ", 32*" #n "(%[out])\n"
#define SPIN(LOAD, SAVE) \
  __asm__ volatile("fninit\n fldcw %[control]\n fld1\n fldpi\n ldmxcsr %[mxcsr]\n" EACH(LOAD) \
                   "1: pause\n cmpl $0, %[stop]\n je 1b\n" EACH(SAVE)                     \
                   "stmxcsr %[mxcsr_out]\n fnstcw %[control_out]\n"                       \
                   "fstpl %[pi]\n fstpl %[one]\n fninit\n ldmxcsr %[normal]\n"            \
                   : [mxcsr_out] "=m"(mxcsr_out), [control_out] "=m"(x87_control_out),    \
                     [pi] "=m"(x87_out[0]), [one] "=m"(x87_out[1])                        \
                   : [in] "r"(in), [out] "r"(out), [stop] "m"(stop), [mxcsr] "m"(mxcsr),  \
                     [normal] "m"(normal), [control] "m"(control)                         \
                   : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",      \
                     "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
                     "xmm14", "xmm15")

static void* spin(void* avx) {
  static const uint32_t mxcsr = 0x7f80, normal = 0x1f80;  // Round to zero.
  static const uint16_t control = 0x0f7f;                 // Round to zero as well.
  if (avx)
    SPIN(LOAD_Y, SAVE_Y);
  else
    SPIN(LOAD_X, SAVE_X);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int avx = __builtin_cpu_supports("avx");
  e2e_fill(in, sizeof in, 3);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, spin, avx ? in : NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  stop = 1;
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  for (int i = 0; i < 16; ++i) EXPECT(memcmp(in[i], out[i], avx ? 32 : 16) == 0);
  EXPECT_EQ(mxcsr_out & ~0x3f, 0x7f80);
  EXPECT_EQ(x87_control_out, 0x0f7f);
  EXPECT(x87_out[0] > 3.14159265 && x87_out[0] < 3.14159266 && x87_out[1] == 1.0);
  return e2e_ok();
}
