// A thread that only computes keeps its general registers and flags.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile uint32_t stop;
static uint64_t seen[14], flags;

static void* spin(void* unused) {
  // Every register holds a number; flags are CF and DF; jrcxz changes none of them.
  __asm__ volatile(
      "push %%rbp\n"
      "mov $0x1111111111111111, %%rax\n mov $0x2222222222222222, %%rbx\n"
      "mov $0x3333333333333333, %%rdx\n mov $0x4444444444444444, %%rsi\n"
      "mov $0x5555555555555555, %%rdi\n mov $0x6666666666666666, %%rbp\n"
      "mov $0x7777777777777777, %%r8\n  mov $0x8888888888888888, %%r9\n"
      "mov $0x9999999999999999, %%r10\n mov $0xaaaaaaaaaaaaaaaa, %%r11\n"
      "mov $0xbbbbbbbbbbbbbbbb, %%r12\n mov $0xcccccccccccccccc, %%r13\n"
      "mov $0xdddddddddddddddd, %%r14\n mov $0xeeeeeeeeeeeeeeee, %%r15\n"
      "std\n stc\n"
      "1: pause\n movl %[stop], %%ecx\n jrcxz 1b\n"
      "movq %%rax, %[seen]\n"
      "pushfq\n popq %%rax\n cld\n movq %%rax, %[flags]\n"
      "leaq %[seen], %%rax\n"
      "movq %%rbx, 8(%%rax)\n  movq %%rdx, 16(%%rax)\n movq %%rsi, 24(%%rax)\n"
      "movq %%rdi, 32(%%rax)\n movq %%rbp, 40(%%rax)\n movq %%r8, 48(%%rax)\n"
      "movq %%r9, 56(%%rax)\n  movq %%r10, 64(%%rax)\n movq %%r11, 72(%%rax)\n"
      "movq %%r12, 80(%%rax)\n movq %%r13, 88(%%rax)\n movq %%r14, 96(%%rax)\n"
      "movq %%r15, 104(%%rax)\n"
      "pop %%rbp\n"
      : [seen] "=m"(seen), [flags] "=m"(flags)
      : [stop] "m"(stop)
      : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
        "r15", "memory", "cc");
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, spin, NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  stop = 1;
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  for (int i = 0; i < 14; ++i) EXPECT_EQ(seen[i], 0x1111111111111111u * (i + 1));
  EXPECT_EQ(flags & 0x401, 0x401);
  return e2e_ok();
}
