#include "plugins/inet_socket/multicast.h"

#include <gtest/gtest.h>

namespace tardigrade::inet_socket {
namespace {

TEST(ParseIgmp, FindsGroupsByInterface) {
  const std::string text =
      "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
      "1\tlo        :     2      V3\n"
      "\t\t\t\t030201EF     1 0:00000000\t\t0\n"
      "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
      "2\teth0      :     1      V3\n"
      "\t\t\t\t010000E0     1 0:00000000\t\t0\n";
  EXPECT_EQ(ParseIgmp(text), (std::vector<Membership>{
                                 {"239.1.2.3", "lo"}, {"224.0.0.1", "lo"}, {"224.0.0.1", "eth0"}}));
}

TEST(ParseIgmp, SurvivesNonsense) {
  EXPECT_TRUE(ParseIgmp("").empty());
  EXPECT_TRUE(ParseIgmp("header\n\t\t010000E0\n\n").empty());
}

TEST(ParseIgmp6, FindsGroupsByInterface) {
  const std::string text =
      "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
      "2    eth0            ff0200000000000000000001ff112233     2 00000004 0\n"
      "nonsense\n";
  EXPECT_EQ(ParseIgmp6(text),
            (std::vector<Membership>{{"ff02::1", "lo"}, {"ff02::1:ff11:2233", "eth0"}}));
}

}  // namespace
}  // namespace tardigrade::inet_socket
