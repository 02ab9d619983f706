#include "supervisor/kernel/unix_diag.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

uint32_t InodeOf(int fd) {
  struct stat st = {};
  EXPECT_EQ(fstat(fd, &st), 0);
  return static_cast<uint32_t>(st.st_ino);
}

TEST(UnixDiag, AListenerTellsItsNameAndWhoWaits) {
  const std::string name = std::string(1, '\0') + "unix_diag_test." + std::to_string(getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const ScopedFd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 7), 0);
  ScopedFd clients[3];
  for (ScopedFd& client : clients) {
    client.Reset(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  const uint32_t first = InodeOf(clients[0].get()), last = InodeOf(clients[2].get());
  clients[1].Reset();
  UnixDiag diag = UnixDiag::Open().value();
  const auto info = diag.Find(InodeOf(listener.get())).value();
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->name, name);
  EXPECT_EQ(info->state, kUnixListening);
  EXPECT_EQ(info->type, SOCK_STREAM);
  EXPECT_EQ(info->waiting, (std::vector<uint32_t>{first, 0, last}));
  EXPECT_EQ(info->receive_queue, 3u);
  EXPECT_EQ(info->send_queue, 7u);
  EXPECT_EQ(diag.Find(first).value()->peer, 0u);
}

TEST(UnixDiag, APairTellsItsPeerAndQueues) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const ScopedFd one(ends[0]), other(ends[1]);
  ASSERT_EQ(write(one.get(), "abc", 3), 3);
  ASSERT_EQ(shutdown(one.get(), SHUT_WR), 0);
  UnixDiag diag = UnixDiag::Open().value();
  const auto info = diag.Find(InodeOf(other.get())).value();
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->peer, InodeOf(one.get()));
  EXPECT_EQ(info->receive_queue, 3u);
  EXPECT_EQ(info->shutdown, 1);
  EXPECT_EQ(info->state, kUnixEstablished);
  EXPECT_FALSE(info->file.has_value());
  const std::vector<UnixSocketInfo> all = diag.List().value();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const UnixSocketInfo& found) {
    return found.inode == info->inode && found.peer == info->peer;
  }));
}

TEST(UnixDiag, NobodyHasSuchAnInode) {
  UnixDiag diag = UnixDiag::Open().value();
  EXPECT_EQ(diag.Find(0xfffffff0).value(), std::nullopt);
  EXPECT_EQ(diag.Find(0).value(), std::nullopt);
}

TEST(ParseUnixDiag, MalformedAnswersAreErrors) {
  std::vector<UnixSocketInfo> sockets;
  std::byte bytes[64] = {};
  const uint32_t length = 1000;
  std::memcpy(bytes, &length, sizeof(length));
  EXPECT_THAT(ParseUnixDiag(bytes, sockets), FailsWith(ErrorCode::kInternal, "malformed"));
  const uint32_t small = 20;
  const uint16_t type = 20;  // SOCK_DIAG_BY_FAMILY
  std::memcpy(bytes, &small, sizeof(small));
  std::memcpy(bytes + 4, &type, sizeof(type));
  EXPECT_THAT(ParseUnixDiag(bytes, sockets), FailsWith(ErrorCode::kInternal, "malformed"));
  EXPECT_THAT(ParseUnixDiag({}, sockets), IsOk());
}

}  // namespace
}  // namespace tardigrade
