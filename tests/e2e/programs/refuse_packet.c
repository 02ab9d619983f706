// Unread packets of a packet socket: nobody else can send them there.  The job must not notice.
#include "tests/e2e/programs/packet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int protocol = packet_protocol(), fd = packet_socket(SOCK_DGRAM, 0);
  packet_bind(fd, protocol);
  packet_send(fd, protocol, "first", 5);
  packet_send(fd, protocol, "second", 6);
  e2e_ready_and_wait();
  char got[16];
  EXPECT_EQ(recv(fd, got, sizeof got, MSG_DONTWAIT), 5);
  EXPECT_EQ(recv(fd, got, sizeof got, MSG_DONTWAIT), 6);
  EXPECT(memcmp(got, "second", 6) == 0);
  return e2e_ok();
}
