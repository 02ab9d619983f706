#include "supervisor/resource/socket_options.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "supervisor/base/scoped_fd.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

void SetInt(const ScopedFd& fd, int option, int value) {
  ASSERT_EQ(setsockopt(fd.get(), SOL_SOCKET, option, &value, sizeof(value)), 0);
}

TEST(SocketOptions, ComeBack) {
  const ScopedFd one(socket(AF_UNIX, SOCK_DGRAM, 0));
  SetInt(one, SO_PASSCRED, 1);
  SetInt(one, SO_PEEK_OFF, 3);
  SetInt(one, SO_RCVLOWAT, 5);
  SetInt(one, SO_SNDBUF, 30000);
  SetInt(one, SO_TIMESTAMPNS, 1);
  const timeval time{.tv_sec = 2, .tv_usec = 500000};
  ASSERT_EQ(setsockopt(one.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), 0);
  const linger lingering{.l_onoff = 1, .l_linger = 7};
  ASSERT_EQ(setsockopt(one.get(), SOL_SOCKET, SO_LINGER, &lingering, sizeof(lingering)), 0);
  sock_filter keep[] = {{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0xffff}};
  const sock_fprog program{.len = 1, .filter = keep};
  ASSERT_EQ(setsockopt(one.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
  SetInt(one, SO_LOCK_FILTER, 1);
  const SocketOptions options = ReadSocketOptions(one.get()).value();
  EXPECT_EQ(options.send_buffer, 60000u);
  EXPECT_EQ(options.others.at("passcred"), 1);
  EXPECT_EQ(options.others.at("rcvtimeo"), 2500000);
  EXPECT_EQ(options.others.at("linger"), 7);
  EXPECT_EQ(options.filter.size(), 1u);
  const ScopedFd other(socket(AF_UNIX, SOCK_DGRAM, 0));
  SetInt(other, SO_KEEPALIVE, 1);  // As if inherited: to be taken back.
  const SocketOptions decoded = Decode<SocketOptions>(Encode(options), "options").value();
  ASSERT_THAT(ApplySocketOptions(other.get(), decoded), IsOk());
  EXPECT_EQ(ReadSocketOptions(other.get()).value(), options);
}

TEST(SocketOptions, UnknownOptionsAreRejected) {
  const ScopedFd one(socket(AF_UNIX, SOCK_STREAM, 0));
  SocketOptions options = ReadSocketOptions(one.get()).value();
  options.others["no_such_option"] = 1;
  EXPECT_THAT(ApplySocketOptions(one.get(), options),
              FailsWith(ErrorCode::kBadImage, "does not know"));
}

TEST(SocketOptions, AForcedBufferComesBackOrIsDenied) {
  const ScopedFd one(socket(AF_UNIX, SOCK_STREAM, 0));
  const int large = 1 << 28;
  if (setsockopt(one.get(), SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large)) != 0)
    GTEST_SKIP() << "needs CAP_NET_ADMIN";
  const SocketOptions options = ReadSocketOptions(one.get()).value();
  EXPECT_EQ(options.send_buffer, 1u << 29);
  const ScopedFd other(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_THAT(ApplySocketOptions(other.get(), options), IsOk());
  EXPECT_EQ(ReadSocketOptions(other.get()).value(), options);
}

}  // namespace
}  // namespace tardigrade
