// A ring of TPACKET_V2: where the kernel is in it shows to nobody.
#include "tests/e2e/programs/packet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = packet_socket(SOCK_RAW, 0);
  unsigned request[4] = {4096, 4, 2048, 8};  // struct tpacket_req
  packet_set(fd, kVersion, 1);
  EXPECT_EQ(setsockopt(fd, kPacket, kRxRing, request, sizeof request), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(packet_option(fd, kVersion), 1);
  return e2e_ok();
}
