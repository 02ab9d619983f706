#include "plugins/regular_file/file_mapping_kind.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/regular_file_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::regular_file {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class FileMappingKindTest : public ::testing::Test {
 protected:
  FileMappingKindTest() {
    char name[] = "/tmp/file_mapping_test.XXXXXX";
    fd_.Reset(mkstemp(name));
    path_ = name;
    EXPECT_EQ(write(fd_.get(), "contents", 8), 8);
  }
  ~FileMappingKindTest() override { unlink(path_.c_str()); }

  // What maps would show of a mapping of the file.
  MemoryMapping Map(bool shared) {
    struct stat st = {};
    fstat(fd_.get(), &st);
    address_ = mmap(nullptr, 4096, PROT_READ, shared ? MAP_SHARED : MAP_PRIVATE, fd_.get(), 0);
    EXPECT_NE(address_, MAP_FAILED);
    MemoryMapping mapping;
    mapping.start = reinterpret_cast<uint64_t>(address_);
    mapping.end = mapping.start + 4096;
    mapping.prot = PROT_READ;
    mapping.shared = shared;
    mapping.dev = st.st_dev;
    mapping.inode = st.st_ino;
    mapping.path = path_;
    mapping.deleted = st.st_nlink == 0;
    return mapping;
  }
  Value Collect(const MemoryMapping& mapping) {
    EXPECT_TRUE(kind_.Claims(mapping));
    EXPECT_THAT(kind_.Check(getpid(), mapping), IsOk());
    const Result<MappingState> state = kind_.Collect(getpid(), mapping, contexts_);
    EXPECT_THAT(state, IsOk());
    EXPECT_EQ(state.value().pages, mapping.shared ? PagePolicy::kNone : PagePolicy::kPrivate);
    return state.value().state;
  }
  std::string ReadBacking(const Value& state) {
    const Result<std::optional<ScopedFd>> backing = kind_.OpenBacking(state, contexts_.create());
    EXPECT_THAT(backing, IsOk());
    char text[64];
    const ssize_t got = read(backing.value()->get(), text, sizeof(text));
    return std::string(text, got < 0 ? 0 : static_cast<size_t>(got));
  }

  FileMappingKind kind_;
  DeletedFileObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd fd_;
  std::string path_;
  void* address_ = nullptr;
};

TEST_F(FileMappingKindTest, ClaimsFilesAndNoKernelMemory) {
  MemoryMapping mapping = Map(false);
  for (const char* path : {"/SYSV00000000", "/memfd:x", "/anon_hugepage", "/dev/zero",
                           "/dev/nvidia0", "/[aio]", "[heap]", "anon_inode:[io_uring]"}) {
    mapping.path = path;
    EXPECT_FALSE(kind_.Claims(mapping)) << path;
  }
  mapping.path = "/dev/shm/x";
  EXPECT_TRUE(kind_.Claims(mapping));
}

TEST_F(FileMappingKindTest, APrivateMappingNeedsTheSameContents) {
  const Value state = Collect(Map(false));
  EXPECT_EQ(ReadBacking(state), "contents");
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 5}};
  ASSERT_EQ(futimens(fd_.get(), times), 0);
  EXPECT_THAT(kind_.OpenBacking(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "--set-file"));
}

TEST_F(FileMappingKindTest, ASharedMappingMayHaveChangedButNotShrunk) {
  const Value state = Collect(Map(true));
  ASSERT_EQ(pwrite(fd_.get(), "new", 3, 8), 3);
  EXPECT_EQ(ReadBacking(state), "contentsnew");
  EXPECT_EQ(contexts_.warnings.size(), 1u);
  ASSERT_EQ(ftruncate(fd_.get(), 7), 0);
  EXPECT_THAT(kind_.OpenBacking(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "too short"));
}

TEST_F(FileMappingKindTest, ThePolicyDecidesOnChangedFiles) {
  const Value shared = Collect(Map(true));
  const Value own = Collect(Map(false));
  ASSERT_EQ(pwrite(fd_.get(), "new", 3, 8), 3);
  contexts_.changed_files = ChangedFiles::kRefuse;
  EXPECT_THAT(kind_.OpenBacking(shared, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "has changed"));
  contexts_.changed_files = ChangedFiles::kWarn;
  EXPECT_EQ(ReadBacking(own), "contentsnew");
  EXPECT_EQ(contexts_.warnings.size(), 1u);
}

TEST_F(FileMappingKindTest, ANameThatWasReplacedIsNotTheFile) {
  const std::string other = path_ + ".other";
  ASSERT_EQ(link(path_.c_str(), other.c_str()), 0);
  unlink(path_.c_str());
  ASSERT_THAT(WriteFile(path_, "new file"), IsOk());
  MemoryMapping mapping = Map(true);
  mapping.deleted = true;
  EXPECT_EQ(Decode<FileMappingState>(Collect(mapping), "").value().path, other);
  EXPECT_EQ(ReadBacking(Collect(mapping)), "contents");
  unlink(other.c_str());
  EXPECT_EQ(ReadBacking(Collect(mapping)), "contents");
}

TEST_F(FileMappingKindTest, ASharedWritableMappingGetsAWritableFile) {
  const MemoryMapping mapping = Map(true);
  mprotect(address_, 4096, PROT_READ | PROT_WRITE);
  MemoryMapping writable = mapping;
  writable.prot |= PROT_WRITE;
  const Result<std::optional<ScopedFd>> backing =
      kind_.OpenBacking(Collect(writable), contexts_.create());
  ASSERT_THAT(backing, IsOk());
  EXPECT_EQ(fcntl(backing.value()->get(), F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST_F(FileMappingKindTest, ADeletedFileComesBackWithItsContents) {
  unlink(path_.c_str());
  const Value state = Collect(Map(false));
  EXPECT_EQ(ReadBacking(state), "contents");
}

TEST_F(FileMappingKindTest, ExecutablesAreKnownByBuildId) {
  const ScopedFd self(open("/proc/self/exe", O_RDONLY));
  const std::string id = ReadBuildId(self.get());
  FileIdentity identity = ReadIdentity(self.get(), true).value();
  EXPECT_EQ(identity.build_id, id);
  if (id.empty()) GTEST_SKIP() << "the linker writes no build-id here";
  FileMappingState state;
  state.path = ReadLink("/proc/self/exe").value();
  state.identity = identity;
  state.identity.mtime_ns = 1;
  EXPECT_THAT(kind_.OpenBacking(Encode(state), contexts_.create()), IsOk());
  state.identity.build_id[0] ^= 1;
  EXPECT_THAT(kind_.OpenBacking(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "has changed"));
  EXPECT_EQ(ReadBuildId(fd_.get()), "");
}

TEST_F(FileMappingKindTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.OpenBacking(Encode(FileMappingState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "file.path"));
}

}  // namespace
}  // namespace tardigrade::regular_file
