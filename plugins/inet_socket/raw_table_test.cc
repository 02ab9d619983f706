#include "plugins/inet_socket/raw_table.h"

#include <gtest/gtest.h>

#include "plugins/inet_socket/inet_address.h"

namespace tardigrade::inet_socket {
namespace {

constexpr char kRaw[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "    1: 0100007F:0001 0200007F:0000 01 00000000:00000000 00:00000000 00000000     0        0 "
    "7141 2 00000000d9d8d0a1 0\n"
    "    1: 00000000:0001 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 "
    "7142 2 00000000d9d8d0a2 0\n";

TEST(ParseRawTable, FindsTheEndsOfASocket) {
  const auto found = ParseRawTable(kRaw, 7141);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->connected);
  EXPECT_EQ(EndpointText(found->local), "127.0.0.1:1");
  EXPECT_EQ(EndpointText(found->remote), "127.0.0.2:0");
  ASSERT_TRUE(ParseRawTable(kRaw, 7142).has_value());
  EXPECT_FALSE(ParseRawTable(kRaw, 7142)->connected);
}

TEST(ParseRawTable, KnowsIpv6) {
  const auto found = ParseRawTable(
      "header\n   58: 00000000000000000000000001000000:003A 000080FE000000000000000002000000:0000 "
      "01 "
      "0:0 00:0 0 0 0 55 2 0 0\n",
      55);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(EndpointText(found->local), "[::1]:58");
  EXPECT_EQ(EndpointText(found->remote), "[fe80::2]:0");
}

TEST(ParseRawTable, SurvivesNonsense) {
  EXPECT_FALSE(ParseRawTable("", 1).has_value());
  EXPECT_FALSE(ParseRawTable(kRaw, 1).has_value());
  EXPECT_FALSE(ParseRawTable("header\n0 1 2 3 4 5 6 7 8 9\n", 9).has_value());
}

}  // namespace
}  // namespace tardigrade::inet_socket
