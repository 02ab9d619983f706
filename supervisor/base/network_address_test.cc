#include "supervisor/base/network_address.h"

#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;

std::string RoundTrip(const std::string& text, const std::string& host = "") {
  const Result<NetworkAddress> address = ParseNetworkAddress(text, host);
  return address.has_value() ? address.value().ToString() : address.error().ToString();
}

TEST(NetworkAddress, ComesBackAsItWas) {
  EXPECT_EQ(RoundTrip("10.0.0.1:4000"), "10.0.0.1:4000");
  EXPECT_EQ(RoundTrip("[2001:db8::1]:65535"), "[2001:db8::1]:65535");
  EXPECT_EQ(RoundTrip("[fe80::1%7]:1"), "[fe80::1%7]:1");
  EXPECT_EQ(RoundTrip("0", "127.0.0.1"), "127.0.0.1:0");
  EXPECT_EQ(RoundTrip("0.0.0.0:0", "127.0.0.1"), "0.0.0.0:0");
}

TEST(NetworkAddress, KnowsLoopback) {
  EXPECT_TRUE(ParseNetworkAddress("127.3.2.1:1", "").value().is_loopback());
  EXPECT_TRUE(ParseNetworkAddress("[::1]:1", "").value().is_loopback());
  EXPECT_FALSE(ParseNetworkAddress("0.0.0.0:1", "").value().is_loopback());
  EXPECT_FALSE(ParseNetworkAddress("[::]:1", "").value().is_loopback());
  EXPECT_FALSE(ParseNetworkAddress("128.0.0.1:1", "").value().is_loopback());
}

TEST(NetworkAddress, RefusesWhatIsNone) {
  EXPECT_THAT(ParseNetworkAddress("4000", ""), FailsWith(ErrorCode::kUsage, "give HOST:PORT"));
  EXPECT_THAT(ParseNetworkAddress("machine:4000", ""), FailsWith(ErrorCode::kUsage, "names are not looked up"));
  EXPECT_THAT(ParseNetworkAddress("10.0.0.1:70000", ""), FailsWith(ErrorCode::kUsage, "the port"));
  EXPECT_THAT(ParseNetworkAddress("10.0.0.1:", ""), FailsWith(ErrorCode::kUsage, "the port"));
  EXPECT_THAT(ParseNetworkAddress("10.0.0.1:4x", ""), FailsWith(ErrorCode::kUsage, "the port"));
  EXPECT_THAT(ParseNetworkAddress("::1:4000", ""), FailsWith(ErrorCode::kUsage, "in brackets"));
  EXPECT_THAT(ParseNetworkAddress("[::x]:4000", ""), FailsWith(ErrorCode::kUsage, "numeric"));
  EXPECT_THAT(ParseNetworkAddress(":4000", ""), FailsWith(ErrorCode::kUsage, "numeric"));
}

}  // namespace
}  // namespace tardigrade
