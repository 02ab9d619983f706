// Messages that only the kernel can send cannot be given back; they stay where they are.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  // A request for what the kernel knows of the first network interface (RTM_GETLINK).
  struct {
    uint32_t length;
    uint16_t type, flags;
    uint32_t sequence, port;
    uint32_t family;
    int32_t index;
    uint32_t link_flags, change;
  } request = {sizeof request, 18, 1, 5, 0, 0, 1, 0, 0};
  int fd = socket(AF_NETLINK, SOCK_RAW, 0);
  EXPECT_EQ(send(fd, &request, sizeof request, 0), sizeof request);
  e2e_ready_and_wait();
  char reply[16384];
  uint32_t words[3];
  EXPECT(recv(fd, reply, sizeof reply, MSG_DONTWAIT) >= 16);
  memcpy(words, reply, sizeof words);
  EXPECT_EQ(words[2], 5);
  return e2e_ok();
}
