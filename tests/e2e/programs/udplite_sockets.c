// UDP-Lite: as UDP, with a part of each datagram that the checksum covers.
#include "tests/e2e/programs/inet.h"

#ifndef UDPLITE_SEND_CSCOV
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11
#endif

static int lite(const char* text) {
  int fd = socket(inet_family(text), SOCK_DGRAM, IPPROTO_UDPLITE);
  if (fd < 0) e2e_skip("no UDP-Lite here");
  inet_bind(fd, text, 0);
  return fd;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static const char* const kTexts[2] = {"127.0.0.1", "::1"};
  int from[2], to[2];
  struct inet_address name[2];
  for (int i = 0; i < 2; ++i) {
    from[i] = lite(kTexts[i]);
    to[i] = lite(kTexts[i]);
    inet_connect(from[i], kTexts[i], inet_port(to[i]));
    inet_set(from[i], IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 12);
    inet_set(to[i], IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV, 10);
    inet_write(from[i], "unread datagram");
    inet_write(from[i], "and one more");
    name[i] = inet_name(from[i], 0);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < 2; ++i) {
    inet_expect_name(from[i], 0, &name[i]);
    EXPECT_EQ(inet_option(from[i], SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE);
    EXPECT_EQ(inet_option(from[i], IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV), 12);
    EXPECT_EQ(inet_option(to[i], IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV), 10);
    inet_expect_read(to[i], "unread datagram");
    inet_expect_read(to[i], "and one more");
    inet_expect_works(from[i], to[i]);
  }
  return e2e_ok();
}
