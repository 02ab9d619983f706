#include "supervisor/tracee/dead_stack.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace tardigrade {
namespace {

constexpr size_t kStackBytes = 256 << 10, kBytes = 3000;

// Memory of this process that stands for a stack with a guard below.
class DeadStackTest : public ::testing::Test {
 protected:
  DeadStackTest()
      : memory_(static_cast<char*>(mmap(nullptr, 2 * kStackBytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    MemoryMapping guard, stack;
    guard.end = stack.start = Low();
    guard.start = Low() - 4096;
    stack.end = Low() + kStackBytes;
    stack.prot = PROT_READ | PROT_WRITE;
    maps_ = {guard, stack};
    threads_.resize(1);
  }
  ~DeadStackTest() override { munmap(memory_, 2 * kStackBytes); }

  uint64_t Low() const { return reinterpret_cast<uint64_t>(memory_) + 4096; }
  void Use() { std::memset(memory_, 'x', 2 * kStackBytes); }
  // Stack pointer and control block, from the low end of the stack.
  void PutThread(uint64_t stack_pointer, uint64_t control_block) {
    threads_[0].registers.rsp = Low() + stack_pointer;
    threads_[0].registers.fs_base = Low() + control_block;
  }
  uint64_t Find() const { return FindDeadStack(getpid(), threads_, maps_, kBytes).start; }

  char* memory_;
  std::vector<MemoryMapping> maps_;
  std::vector<FrozenThread> threads_;
};

TEST_F(DeadStackTest, UntouchedMainStackNeedsNoThreadOnIt) {
  maps_[1].path = "[stack]";
  EXPECT_NE(Find(), 0u);
  PutThread(34 << 10, 0);
  EXPECT_EQ(Find(), 0u) << "the frame would reach into what is in use";
}

TEST_F(DeadStackTest, UsedMainStackNeedsAThreadFarAbove) {
  maps_[1].path = "[stack]";
  Use();
  EXPECT_EQ(Find(), 0u);
  PutThread(60 << 10, 0);
  EXPECT_EQ(Find(), 0u);
  PutThread(80 << 10, 0);
  const DeadStack dead = FindDeadStack(getpid(), threads_, maps_, kBytes);
  ASSERT_NE(dead.start, 0u);
  EXPECT_EQ(dead.contents, std::vector<std::byte>(kBytes, std::byte{'x'}));
}

TEST_F(DeadStackTest, ThreadsOfOthersInTheSameMemoryCount) {
  maps_[1].path = "[stack]";
  PutThread(2 * kStackBytes, 0);  // Not on it.
  const auto find = [&](uint64_t neighbour) {
    const uint64_t stack_pointer = Low() + neighbour;
    return FindDeadStack(getpid(), threads_, maps_, kBytes, std::span(&stack_pointer, 1)).start;
  };
  EXPECT_NE(find(200 << 10), 0u);
  EXPECT_EQ(find(34 << 10), 0u) << "the frame would reach into what is in use";
  Use();
  EXPECT_EQ(find(60 << 10), 0u);
  EXPECT_NE(find(80 << 10), 0u);
}

TEST_F(DeadStackTest, ThreadStackIsKnownByGuardAndControlBlock) {
  PutThread(200 << 10, kStackBytes - 2304);
  EXPECT_NE(Find(), 0u);
  PutThread(50 << 10, kStackBytes - 2304);
  EXPECT_EQ(Find(), 0u) << "too deep";
}

TEST_F(DeadStackTest, MemoryThatAFibreRunsOnIsNone) {
  PutThread(200 << 10, 100 << 10);
  EXPECT_EQ(Find(), 0u);
  PutThread(200 << 10, kStackBytes + 4096);
  EXPECT_EQ(Find(), 0u);
  PutThread(200 << 10, kStackBytes - 2304);
  maps_.erase(maps_.begin());
  EXPECT_EQ(Find(), 0u) << "no guard";
}

TEST_F(DeadStackTest, WhatAKilledSupervisorLeftIsNotPutBack) {
  maps_[1].path = "[stack]";
  PutThread(200 << 10, 0);
  const uint64_t start = Find();
  Use();
  std::memcpy(reinterpret_cast<void*>(start), kDeadStackMark.data(), kDeadStackMark.size());
  const DeadStack dead = FindDeadStack(getpid(), threads_, maps_, kBytes);
  EXPECT_EQ(dead.start, start);
  EXPECT_EQ(dead.contents, std::vector<std::byte>(kBytes));
}

TEST_F(DeadStackTest, AThreadOnItIsSeen) {
  PutThread(32, 0);
  EXPECT_FALSE(IsOnDeadStack(getpid(), threads_[0]));
  std::memcpy(memory_ + 4096, kDeadStackMark.data(), kDeadStackMark.size());
  EXPECT_TRUE(IsOnDeadStack(getpid(), threads_[0]));
  PutThread(24, 0);  // Before the return.
  EXPECT_TRUE(IsOnDeadStack(getpid(), threads_[0]));
  PutThread(80, 0);
  EXPECT_FALSE(IsOnDeadStack(getpid(), threads_[0]));
}

}  // namespace
}  // namespace tardigrade
