#include "plugins/pipe/pipe_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "plugins/pipe/pipe_object.h"
#include "plugins/pipe/pipe_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::pipe {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

std::string ReadOnce(int fd, size_t most = 1 << 20) {
  std::string text(most, '\0');
  const ssize_t got = read(fd, text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return text;
}

class PipeKindTest : public ::testing::Test {
 protected:
  void MakePipe(int flags = 0) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, flags | O_NONBLOCK), 0);
    read_.Reset(ends[0]);
    write_.Reset(ends[1]);
  }
  void Write(std::string_view text) {
    ASSERT_EQ(write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::vector<FdFacts> All() {
    std::vector<FdFacts> all;
    if (read_.valid()) all.push_back(FactsOf(read_.get()));
    if (write_.valid()) all.push_back(FactsOf(write_.get()));
    return all;
  }
  // Replaces the ends by restored ones.
  void RoundTrip() {
    const std::vector<FdFacts> all = All();
    std::vector<Value> states;
    for (const FdFacts& file : all) {
      ASSERT_THAT(kind_.Check(file, all), IsOk());
      const Result<Value> state = kind_.Collect(file, all, contexts_);
      ASSERT_THAT(state, IsOk());
      states.push_back(state.value());
    }
    const bool has_read = read_.valid();
    const bool has_write = write_.valid();
    read_.Reset();
    write_.Reset();
    size_t next = 0;
    if (has_read) Make(states[next++], read_);
    if (has_write) Make(states[next++], write_);
    contexts_.DropObjects();
  }
  void Make(const Value& state, ScopedFd& out) {
    Result<ScopedFd> made = kind_.Create(state, contexts_.create());
    ASSERT_THAT(made, IsOk());
    out = std::move(made).value();
  }

  PipeKind kind_;
  PipeObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd read_, write_;
};

TEST_F(PipeKindTest, ClaimsPipesOnly) {
  MakePipe();
  EXPECT_TRUE(kind_.Claims(FactsOf(read_.get())));
  FdFacts file;
  file.stat.st_mode = S_IFREG;
  EXPECT_FALSE(kind_.Claims(file));
}

TEST_F(PipeKindTest, UnreadDataStayInTheOriginalAndAreInTheCopy) {
  MakePipe();
  Write("unread");
  const ScopedFd original(dup(read_.get()));
  RoundTrip();
  EXPECT_EQ(ReadOnce(read_.get()), "unread");
  Write("more");
  EXPECT_EQ(ReadOnce(read_.get()), "more");
  EXPECT_EQ(ReadOnce(original.get()), "unread");
}

TEST_F(PipeKindTest, FlagsTellTheOriginalEndsFromReopenedOnes) {
  MakePipe();
  const ScopedFd reopened = Reopen(read_.get(), O_RDONLY).value();
  const FdFacts files[] = {FactsOf(read_.get()), FactsOf(reopened.get()), FactsOf(write_.get())};
  std::vector<Value> states;
  for (const FdFacts& file : files) states.push_back(kind_.Collect(file, files, contexts_).value());
  for (size_t i = 0; i < states.size(); ++i) {
    const ScopedFd made = kind_.Create(states[i], contexts_.create()).value();
    EXPECT_EQ(FactsOf(made.get()).info.flags & ~uint64_t{O_CLOEXEC},
              files[i].info.flags & ~uint64_t{O_CLOEXEC});
  }
}

TEST_F(PipeKindTest, AFullPipeOfAnotherCapacity) {
  MakePipe();
  ASSERT_GE(fcntl(write_.get(), F_SETPIPE_SZ, 1 << 18), 0);
  const std::string text(1 << 18, 'x');
  Write(text);
  RoundTrip();
  EXPECT_EQ(fcntl(read_.get(), F_GETPIPE_SZ), 1 << 18);
  EXPECT_EQ(write(write_.get(), "y", 1), -1);
  EXPECT_EQ(ReadOnce(read_.get()), text);
}

TEST_F(PipeKindTest, APacketStaysAPacket) {
  MakePipe(O_DIRECT);
  Write("first");
  RoundTrip();
  EXPECT_EQ(fcntl(write_.get(), F_GETFL) & (O_DIRECT | O_NONBLOCK), O_DIRECT | O_NONBLOCK);
  Write("last");
  EXPECT_EQ(ReadOnce(read_.get(), 3), "fir");
  EXPECT_EQ(ReadOnce(read_.get()), "last");
}

TEST_F(PipeKindTest, PacketsStayApart) {
  MakePipe(O_DIRECT);
  for (const char* packet : {"1", "second", "3"}) Write(packet);
  RoundTrip();
  for (const char* packet : {"1", "second", "3"}) EXPECT_EQ(ReadOnce(read_.get()), packet);
}

TEST_F(PipeKindTest, BytesAndPacketsTogetherAreRefused) {
  for (const auto& packets : std::vector<std::vector<const char*>>{{"packet"}, {"packet", "other"}}) {
    MakePipe();
    // A whole page: what follows a shorter piece joins it, packet or not (pipe_write(), fs/pipe.c).
    Write(std::string(4096, 's'));
    ASSERT_EQ(fcntl(write_.get(), F_SETFL, O_DIRECT | O_NONBLOCK), 0);
    for (const char* packet : packets) Write(packet);
    EXPECT_THAT(kind_.Collect(FactsOf(read_.get()), All(), contexts_),
                FailsWith(ErrorCode::kUnsupported, "both a stream of bytes and packets"));
    contexts_.DropObjects();
  }
}

TEST_F(PipeKindTest, AClosedWriterIsTheEndOfFile) {
  MakePipe();
  Write("rest");
  write_.Reset();
  RoundTrip();
  EXPECT_EQ(ReadOnce(read_.get()), "rest");
  pollfd poller{.fd = read_.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poller, 1, 0), 1);
  EXPECT_EQ(poller.revents, POLLHUP);
}

TEST_F(PipeKindTest, AClosedReaderBreaksThePipe) {
  MakePipe();
  read_.Reset();
  RoundTrip();
  pollfd poller{.fd = write_.get(), .events = POLLOUT, .revents = 0};
  EXPECT_EQ(poll(&poller, 1, 0), 1);
  EXPECT_NE(poller.revents & POLLERR, 0);
}

TEST_F(PipeKindTest, AnEndHeldElsewhereIsRefused) {
  MakePipe();
  const FdFacts reader = FactsOf(read_.get());
  EXPECT_THAT(kind_.Check(reader, std::span(&reader, 1)),
              FailsWith(ErrorCode::kUnsupported, "the write end of pipe:["));
  const FdFacts writer = FactsOf(write_.get());
  EXPECT_THAT(kind_.Check(writer, std::span(&writer, 1)),
              FailsWith(ErrorCode::kUnsupported, "the read end of pipe:["));
}

class FifoTest : public PipeKindTest {
 protected:
  FifoTest() { EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0); }
  ~FifoTest() override { unlink(path_.c_str()); }
  const std::string path_ = StrCat("/tmp/pipe_kind_test.", getpid());
};

TEST_F(FifoTest, DataAndBothEnds) {
  read_.Reset(open(path_.c_str(), O_RDONLY | O_NONBLOCK));
  write_.Reset(open(path_.c_str(), O_WRONLY));
  Write("fifo");
  RoundTrip();
  EXPECT_EQ(FactsOf(read_.get()).link, path_);
  EXPECT_EQ(ReadOnce(read_.get()), "fifo");
  EXPECT_EQ(fcntl(write_.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(FifoTest, AReaderWithoutAWriterYetSeesNoHangup) {
  read_.Reset(open(path_.c_str(), O_RDONLY | O_NONBLOCK));
  RoundTrip();
  pollfd poller{.fd = read_.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poller, 1, 0), 0);
}

TEST_F(FifoTest, ARemovedNameComesBackNameless) {
  read_.Reset(open(path_.c_str(), O_RDWR | O_NONBLOCK));
  unlink(path_.c_str());
  RoundTrip();
  EXPECT_EQ(FactsOf(read_.get()).stat.st_nlink, 0u);
}

TEST_F(FifoTest, AFifoInUseOrReplacedIsRefused) {
  read_.Reset(open(path_.c_str(), O_RDWR | O_NONBLOCK));
  const std::vector<FdFacts> all = All();
  const Value state = kind_.Collect(all[0], all, contexts_).value();
  ASSERT_EQ(write(read_.get(), "x", 1), 1);
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "is in use"));
  contexts_.moved[path_] = "/dev/null";
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "no longer a FIFO"));
}

TEST(PipeObject, MalformedImagesAreRejected) {
  FakeContexts contexts;
  const PipeObject object;
  PipeState state;
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "pipe.capacity"));
  state.capacity = 65536;
  state.data.size = 100;
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "attachment"));
  const std::string text = "12345";
  state.data = contexts.attachments().Put(std::as_bytes(std::span(text))).value();
  state.packets = {2, 2};
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "pipe.packets"));
}

}  // namespace
}  // namespace tardigrade::pipe
