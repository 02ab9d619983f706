// Connections of which the process has both ends: names, unread data, listeners that are still there or gone.
#include "tests/e2e/programs/inet.h"

enum { kCount = 6 };
// At which address the listener is, and by which it is reached.
static const char* const kTexts[kCount][2] = {{"127.0.0.1", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"::1", "::1"},
                                              {"::", "::1"},              {"::", "127.0.0.1"},      {"::", "::ffff:127.0.0.1"}};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct inet_pair pairs[kCount][2], many[50];
  int listeners[kCount];
  for (int i = 0; i < kCount; ++i) {
    listeners[i] = inet_listener(kTexts[i][0], 5);
    for (int k = 0; k < 2; ++k) pairs[i][k] = inet_connect_pair(listeners[i], kTexts[i][1]);
    inet_write(pairs[i][0].client, "request");
    inet_write(pairs[i][0].server, "an answer");
    inet_write(pairs[i][1].server, "from the server alone");
    if (i % 2) {
      close(listeners[i]);
      listeners[i] = -1;
    }
  }
  for (int k = 0; k < 50; ++k) {
    many[k] = inet_connect_pair(listeners[0], "127.0.0.1");
    char text[32];
    snprintf(text, sizeof text, "connection %d", k);
    inet_write(many[k].client, text);
  }
  fcntl(pairs[0][0].client, F_SETFL, O_NONBLOCK);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(pairs[0][0].client, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(fcntl(pairs[0][0].server, F_GETFL) & O_NONBLOCK, 0);
  for (int i = 0; i < kCount; ++i) {
    for (int k = 0; k < 2; ++k) {
      inet_expect_name(pairs[i][k].client, 0, &pairs[i][k].client_name);
      inet_expect_name(pairs[i][k].client, 1, &pairs[i][k].server_name);
      EXPECT_EQ(connect(pairs[i][k].client, (struct sockaddr*)&pairs[i][k].server_name.storage, pairs[i][k].server_name.size), -1);
      EXPECT_EQ(errno, EISCONN);
      EXPECT_EQ(inet_option(pairs[i][k].client, SOL_SOCKET, SO_REUSEADDR), 0);
      EXPECT_EQ(inet_option(pairs[i][k].client, IPPROTO_TCP, TCP_NODELAY), 0);
    }
    EXPECT_EQ(inet_unread(pairs[i][0].server), 7);
    EXPECT_EQ(inet_unread(pairs[i][0].client), 9);
    inet_expect_read(pairs[i][0].server, "request");
    inet_expect_read(pairs[i][0].client, "an answer");
    inet_expect_read(pairs[i][1].client, "from the server alone");
    for (int k = 0; k < 2; ++k) {
      inet_expect_works(pairs[i][k].client, pairs[i][k].server);
      inet_expect_works(pairs[i][k].server, pairs[i][k].client);
      EXPECT_EQ(inet_unread(pairs[i][k].server), 0);
      EXPECT_EQ(inet_unread(pairs[i][k].client), 0);
    }
    if (i % 2 == 0) inet_connect_pair(listeners[i], kTexts[i][1]);
  }
  for (int k = 0; k < 50; ++k) {
    char text[32];
    snprintf(text, sizeof text, "connection %d", k);
    EXPECT_EQ(inet_unread(many[k].server), (int)strlen(text));
    inet_expect_read(many[k].server, text);
    inet_expect_name(many[k].client, 0, &many[k].client_name);
    inet_expect_works(many[k].server, many[k].client);
  }
  return e2e_ok();
}
