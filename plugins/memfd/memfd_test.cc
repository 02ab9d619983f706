#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/memfd/memfd_kind.h"
#include "plugins/memfd/memfd_mapping_kind.h"
#include "plugins/memfd/memfd_object.h"
#include "plugins/memfd/memfd_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::memfd {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class MemfdTest : public ::testing::Test {
 protected:
  MemfdTest() { EXPECT_EQ(write(fd_.get(), "contents", 8), 8); }

  ScopedFd RoundTrip(const ScopedFd& fd) {
    const FdFacts file = FactsOf(fd.get());
    EXPECT_TRUE(kind_.Claims(file));
    EXPECT_THAT(kind_.Check(file, {}), IsOk());
    const Result<Value> state = kind_.Collect(file, {}, contexts_);
    EXPECT_THAT(state, IsOk());
    Result<ScopedFd> made = kind_.Create(state.value(), contexts_.create());
    EXPECT_THAT(made, IsOk());
    return std::move(made).value();
  }
  MemoryMapping Mapping(int prot, bool shared = true) {
    const FdFacts file = FactsOf(fd_.get());
    MemoryMapping mapping;
    mapping.start = 0x1000;  // In no process: found by descriptor.
    mapping.end = 0x2000;
    mapping.prot = prot;
    mapping.shared = shared;
    mapping.dev = file.stat.st_dev;
    mapping.inode = file.stat.st_ino;
    mapping.path = "/memfd:a name";
    mapping.deleted = true;
    return mapping;
  }

  MemfdKind kind_;
  MemfdMappingKind mapping_kind_;
  MemfdObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd fd_{memfd_create("a name", MFD_ALLOW_SEALING)};
};

TEST_F(MemfdTest, NameOffsetContentsAndSealsComeBack) {
  ASSERT_EQ(fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  lseek(fd_.get(), 3, SEEK_SET);
  const FdFacts before = FactsOf(fd_.get());
  const ScopedFd again = RoundTrip(fd_);
  const FdFacts after = FactsOf(again.get());
  EXPECT_EQ(after.link, before.link);
  EXPECT_EQ(after.stat.st_mode, before.stat.st_mode);
  EXPECT_EQ(after.info.flags & ~uint64_t{O_CLOEXEC}, before.info.flags & ~uint64_t{O_CLOEXEC});
  EXPECT_EQ(fcntl(again.get(), F_GET_SEALS), fcntl(fd_.get(), F_GET_SEALS));
  char rest[8];
  EXPECT_EQ(read(again.get(), rest, sizeof(rest)), 5);
}

TEST_F(MemfdTest, DescriptionsShareOneFile) {
  const ScopedFd reader = Reopen(fd_.get(), O_RDONLY).value();
  const ScopedFd again = RoundTrip(fd_);
  const ScopedFd reader_again = RoundTrip(reader);
  contexts_.DropObjects();
  ASSERT_EQ(pwrite(again.get(), "X", 1, 0), 1);
  char text[8];
  EXPECT_EQ(read(reader_again.get(), text, sizeof(text)), 8);
  EXPECT_EQ(std::string(text, 8), "Xontents");
}

TEST_F(MemfdTest, ExecutabilityComesBack) {
  const ScopedFd noexec(memfd_create("n", 0x8 /* MFD_NOEXEC_SEAL */));
  if (!noexec.valid()) GTEST_SKIP() << "no MFD_NOEXEC_SEAL here";
  const ScopedFd again = RoundTrip(noexec);
  EXPECT_EQ(fcntl(again.get(), F_GET_SEALS), fcntl(noexec.get(), F_GET_SEALS));
  EXPECT_EQ(FactsOf(again.get()).stat.st_mode & 0777, 0666u);
}

TEST_F(MemfdTest, AMappingSharesTheFileWithTheDescriptor) {
  const MemoryMapping mapping = Mapping(PROT_READ | PROT_WRITE);
  EXPECT_TRUE(mapping_kind_.Claims(mapping));
  EXPECT_THAT(mapping_kind_.Check(getpid(), mapping), IsOk());
  const Result<MappingState> state = mapping_kind_.Collect(getpid(), mapping, contexts_);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state.value().pages, PagePolicy::kNone);
  const ScopedFd again = RoundTrip(fd_);
  const Result<std::optional<ScopedFd>> backing =
      mapping_kind_.OpenBacking(state.value().state, contexts_.create());
  ASSERT_THAT(backing, IsOk());
  void* const address =
      mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, backing.value()->get(), 0);
  ASSERT_NE(address, MAP_FAILED);
  static_cast<char*>(address)[0] = 'Z';
  char first = 0;
  EXPECT_EQ(pread(again.get(), &first, 1, 0), 1);
  EXPECT_EQ(first, 'Z');
  munmap(address, 8);
}

TEST_F(MemfdTest, ASealedFileCanBeMappedForReading) {
  ASSERT_EQ(fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  const Result<MappingState> state = mapping_kind_.Collect(getpid(), Mapping(PROT_READ), contexts_);
  ASSERT_THAT(state, IsOk());
  const Result<std::optional<ScopedFd>> backing =
      mapping_kind_.OpenBacking(state.value().state, contexts_.create());
  ASSERT_THAT(backing, IsOk());
  void* const address = mmap(nullptr, 8, PROT_READ, MAP_SHARED, backing.value()->get(), 0);
  ASSERT_NE(address, MAP_FAILED);
  munmap(address, 8);
}

TEST_F(MemfdTest, WhatCannotBeMadeAgainIsRefused) {
  ASSERT_EQ(fcntl(fd_.get(), F_ADD_SEALS, 0x10 /* F_SEAL_FUTURE_WRITE */), 0);
  EXPECT_THAT(mapping_kind_.Check(getpid(), Mapping(PROT_READ | PROT_WRITE)),
              FailsWith(ErrorCode::kUnsupported, "F_SEAL_FUTURE_WRITE"));
  MemoryMapping lost = Mapping(PROT_READ);
  lost.inode += 1 << 20;
  EXPECT_THAT(mapping_kind_.Check(getpid(), lost),
              FailsWith(ErrorCode::kUnsupported, "snapshot as root"));
}

TEST_F(MemfdTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Encode(MemfdState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "memfd.object"));
  MemfdContents contents;
  contents.seals = 0x40;
  EXPECT_THAT(object_.Create(Encode(contents), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "memfd.seals"));
  EXPECT_THAT(mapping_kind_.OpenBacking(Value(), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "memfd_mapping"));
}

}  // namespace
}  // namespace tardigrade::memfd
