// A socket of ICMP echo messages, where net.ipv4.ping_group_range lets an ordinary user have one.
#include <netinet/ip_icmp.h>

#include "tests/e2e/programs/inet.h"

static void ask(int fd, uint16_t sequence) {
  struct {
    struct icmphdr header;
    char text[4];
  } echo = {.header = {.type = ICMP_ECHO}, .text = "abc"}, answer;
  echo.header.un.echo.sequence = htons(sequence);
  struct inet_address to = inet_make("127.0.0.1", 0);
  EXPECT_EQ(sendto(fd, &echo, sizeof echo, 0, (struct sockaddr*)&to.storage, to.size), sizeof echo);
  EXPECT_EQ(recv(fd, &answer, sizeof answer, 0), sizeof answer);
  EXPECT_EQ(answer.header.type, ICMP_ECHOREPLY);
  EXPECT_EQ(ntohs(answer.header.un.echo.sequence), sequence);
  EXPECT_EQ(ntohs(answer.header.un.echo.id), inet_port(fd));
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), fresh = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  if (fd < 0) e2e_skip("net.ipv4.ping_group_range does not have this user's group");
  inet_set(fd, IPPROTO_IP, IP_RECVTTL, 1);
  ask(fd, 1);
  int id = inet_port(fd);
  e2e_ready_and_wait();
  EXPECT_EQ(inet_port(fd), id);
  EXPECT_EQ(inet_option(fd, IPPROTO_IP, IP_RECVTTL), 1);
  ask(fd, 2);
  EXPECT_EQ(inet_port(fresh), 0);
  ask(fresh, 3);
  return e2e_ok();
}
