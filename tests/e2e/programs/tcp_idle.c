// TCP sockets that are closed, bound or listening, in both families.
#include "tests/e2e/programs/inet.h"

enum { kCount = 5 };
static const char* const kTexts[kCount] = {"127.0.0.1", "0.0.0.0", "::1", "::", "::"};

static void accept_one(int listener, const char* text) {
  int client = inet_connected(text, inet_port(listener));
  int server = accept(listener, NULL, NULL);
  EXPECT(server >= 0);
  inet_expect_works(client, server);
  close(client);
  close(server);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int bound[kCount], listening[kCount];
  struct inet_address bound_names[kCount], listening_names[kCount];
  int fresh = inet_socket("127.0.0.1", SOCK_STREAM), fresh6 = inet_socket("::1", SOCK_STREAM);
  for (int i = 0; i < kCount; ++i) {
    bound[i] = inet_socket(kTexts[i], SOCK_STREAM);
    listening[i] = inet_socket(kTexts[i], SOCK_STREAM);
    if (i == 4) inet_set(bound[i], IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (i == 4) inet_set(listening[i], IPPROTO_IPV6, IPV6_V6ONLY, 1);
    inet_bind(bound[i], kTexts[i], 0);
    inet_bind(listening[i], kTexts[i], 0);
    EXPECT_EQ(listen(listening[i], 3 + i), 0);
    bound_names[i] = inet_name(bound[i], 0);
    listening_names[i] = inet_name(listening[i], 0);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < kCount; ++i) {
    inet_expect_name(bound[i], 0, &bound_names[i]);
    inet_expect_name(listening[i], 0, &listening_names[i]);
    EXPECT_EQ(inet_option(bound[i], SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(inet_option(listening[i], SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(inet_option(listening[i], SOL_SOCKET, SO_REUSEADDR), 0);
    struct tcp_info info;
    socklen_t size = sizeof info;
    EXPECT_EQ(getsockopt(listening[i], IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    EXPECT_EQ(info.tcpi_sacked, 3 + i);  // The backlog.
    EXPECT_EQ(info.tcpi_unacked, 0);
    EXPECT_EQ(listen(bound[i], 1), 0);
    const char* to = kTexts[i][0] == '0' ? "127.0.0.1" : kTexts[i][2] == '\0' ? "::1" : kTexts[i];
    accept_one(bound[i], to);
    accept_one(listening[i], to);
    if (i == 3) accept_one(listening[i], "127.0.0.1");
  }
  struct inet_address mapped = inet_make("127.0.0.1", inet_port(listening[4]));
  EXPECT_EQ(connect(fresh, (struct sockaddr*)&mapped.storage, mapped.size), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  inet_connect(fresh, "127.0.0.1", inet_port(listening[0]));
  inet_connect(fresh6, "::1", inet_port(listening[4]));
  return e2e_ok();
}
