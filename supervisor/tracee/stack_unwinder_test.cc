#include "supervisor/tracee/stack_unwinder.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/tracee/eh_frame.h"
#include "supervisor/tracee/elf_symbols.h"
#include "supervisor/tracee/frame_instructions.h"
#include "supervisor/tracee/page_cache.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLong = std::chrono::seconds(20);

std::vector<MemoryMapping> OwnMappings() {
  return ParseMaps(ReadFile("/proc/self/maps").value()).value();
}

TEST(PageCache, ReadsAcrossPagesAndStopsAtHoles) {
  void* memory =
      mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* bytes = static_cast<unsigned char*>(memory);
  munmap(bytes + 8192, 4096);
  for (int i = 0; i < 8192; ++i) bytes[i] = static_cast<unsigned char>(i % 251);
  PageCache cache(getpid());
  const auto at = reinterpret_cast<uint64_t>(bytes);
  uint64_t word = 0;
  ASSERT_TRUE(cache.ReadObject(at + 4093, word));
  EXPECT_EQ(std::memcmp(&word, bytes + 4093, 8), 0);
  EXPECT_TRUE(cache.ReadObject(at + 8184, word));
  EXPECT_FALSE(cache.ReadObject(at + 8185, word));
  EXPECT_FALSE(cache.ReadObject(at + 8192, word));
  EXPECT_FALSE(cache.ReadObject(0, word));
  EXPECT_FALSE(cache.ReadObject(UINT64_MAX - 3, word));
  munmap(bytes, 8192);
}

TEST(StackUnwinder, SurvivesRandomRegistersAndStacks) {
  std::mt19937_64 random(1);
  const std::vector<MemoryMapping> mappings = OwnMappings();
  StackUnwinder unwinder(getpid(), mappings);
  std::vector<uint64_t> stack(4096);
  const auto some_address = [&] {
    const MemoryMapping& mapping = mappings[random() % mappings.size()];
    return mapping.start + random() % mapping.size_bytes();
  };
  for (int i = 0; i < 3000; ++i) {
    for (size_t word = 0; word < 64; ++word) {
      stack[random() % stack.size()] =
          random() % 2 == 0 ? some_address() : reinterpret_cast<uint64_t>(&stack[random() % 4096]);
    }
    arch::Registers registers = {};
    registers.rip = some_address();
    registers.rsp =
        random() % 4 == 0 ? random() : reinterpret_cast<uint64_t>(&stack[random() % 4096]);
    registers.rbp = random() % 2 == 0 ? registers.rsp : random();
    const auto addresses = unwinder.Unwind(registers, 50, Clock::now() + kLong);
    EXPECT_LE(addresses.size(), 50U);
    ASSERT_FALSE(addresses.empty());
    EXPECT_EQ(addresses.front(), registers.rip);
  }
}

// A module whose every table may lie: the vDSO's image with bytes changed.
TEST(StackUnwinder, SurvivesDamagedTables) {
  MemoryMapping module;
  for (const MemoryMapping& mapping : OwnMappings())
    if (mapping.path == "[vdso]") module = mapping;
  ASSERT_NE(module.size_bytes(), 0U) << "no vDSO here";
  const std::vector<std::byte> whole(reinterpret_cast<const std::byte*>(module.start),
                                     reinterpret_cast<const std::byte*>(module.end));
  std::vector<std::byte> copy(whole.size());
  module.start = reinterpret_cast<uint64_t>(copy.data());
  module.end = module.start + copy.size();
  std::mt19937_64 random(2);
  std::vector<uint64_t> stack(512);
  for (int i = 0; i < 3000; ++i) {
    copy = whole;
    for (uint64_t changes = 1 + random() % 200; changes > 0; --changes)
      copy[random() % copy.size()] = static_cast<std::byte>(random());
    for (uint64_t& word : stack) word = module.start + random() % copy.size();
    arch::Registers registers = {};
    registers.rip = module.start + random() % copy.size();
    registers.rsp = registers.rbp = reinterpret_cast<uint64_t>(stack.data());
    StackUnwinder unwinder(getpid(), {module});
    EXPECT_LE(unwinder.Unwind(registers, 20, Clock::now() + kLong).size(), 20U);
  }
}

bool IsSound(std::initializer_list<uint8_t> instructions) {
  const std::vector<uint8_t> bytes(instructions);
  return AreFrameInstructionsSound(std::as_bytes(std::span(bytes)));
}

TEST(FrameInstructions, OfACompilerAreSound) {
  EXPECT_TRUE(IsSound({}));
  // def_cfa rsp+8, offset of the return address, nop.
  EXPECT_TRUE(IsSound({0x0c, 7, 8, 0x90, 1, 0}));
  // advance_loc, def_cfa_offset 16, remember_state, restore rbx, restore_state, args_size 128.
  EXPECT_TRUE(IsSound({0x41, 0x0e, 16, 0x0a, 0xc3, 0x0b, 0x2e, 0x80, 1}));
  // def_cfa_expression, as in the frames of a procedure linkage table; register rbx in r12.
  EXPECT_TRUE(IsSound({0x0f, 3, 0x77, 8, 0x80, 0x09, 3, 12}));
}

TEST(FrameInstructions, OfNoRegisterOrCutOffAreNot) {
  EXPECT_FALSE(IsSound({0x09, 3, 17})) << "register in one that there is not";
  EXPECT_FALSE(IsSound({0x09, 3, 0x8c, 6})) << "likewise, a number of two bytes";
  EXPECT_FALSE(IsSound({0x0d, 17}));
  EXPECT_FALSE(IsSound({0x0f, 3, 0x77, 8}));
  EXPECT_FALSE(IsSound({0x0c, 7, 0x80}));
  EXPECT_FALSE(IsSound({0x04, 1, 2, 3}));
  EXPECT_FALSE(IsSound({0x17}));
  EXPECT_FALSE(
      IsSound({0x0e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}));
}

// Two functions under one common information entry, then noise: a CIE "zR" with pc-relative
// signed 4-byte addresses, its two FDEs, a terminator.
TEST(ListFrames, SortsByFunctionAndSurvivesNoise) {
  const std::vector<uint32_t> words = {
      20, 0,  0x00527a01, 0x01107801, 0x0000001b, 0,  // zR: version 1, R is 0x1b.
      16, 28, 0x1000,     0x10,       0,              // At 24: function at 32 + 0x1000.
      16, 48, 0x800,      0x10,       0,              // At 44: function at 52 + 0x800.
      0};
  const auto section = std::as_bytes(std::span(words));
  const std::vector<FrameEntry> entries = ListFrames(section, 0x400000);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].start, 52 + 0x800);
  EXPECT_EQ(entries[0].frame, 44);
  EXPECT_EQ(entries[1].start, 32 + 0x1000);
  EXPECT_EQ(entries[1].frame, 24);

  std::mt19937_64 random(4);
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> noise(section.begin(), section.end());
    noise.resize(random() % (noise.size() + 1));
    for (int change = 0; change < 4 && !noise.empty(); ++change)
      noise[random() % noise.size()] = static_cast<std::byte>(random());
    EXPECT_LE(ListFrames(noise, random()).size(), 16U);
  }
}

TEST(LookUpSymbols, SurvivesDamagedFiles) {
  const std::string whole = ReadFile("/proc/self/exe").value();
  const std::string path = StrCat(::testing::TempDir(), "/damaged");
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string copy = whole.substr(0, i % 3 == 0 ? random() % whole.size() : whole.size());
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof(header));
    for (int change = 0; change < 8; ++change) {
      const uint64_t near[] = {0, header.e_phoff, header.e_shoff};
      const uint64_t at = near[random() % 3] + random() % 2048;
      if (at < copy.size() && at >= 16) copy[at] = static_cast<char>(random());
    }
    ASSERT_TRUE(WriteFile(path, copy).has_value());
    const ScopedFd fd = OpenFile(path, O_RDONLY).value();
    std::vector<SymbolQuery> queries(3);
    for (SymbolQuery& query : queries) query.file_offset = random() % (whole.size() * 2);
    (void)LookUpSymbols(fd.get(), queries);
  }
}

}  // namespace
}  // namespace tardigrade
