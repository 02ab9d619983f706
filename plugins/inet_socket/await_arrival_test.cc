#include "plugins/inet_socket/await_arrival.h"

#include <gtest/gtest.h>

namespace tardigrade::inet_socket {
namespace {

TEST(HasArrived, WhatIsAcknowledgedHas) {
  TcpSocketInfo sender, receiver;
  sender.stage = TcpStage::kFinWait2;
  EXPECT_TRUE(HasArrived(sender, receiver));
}

TEST(HasArrived, CountsWhatWasNotAcknowledgedYet) {
  TcpSocketInfo sender, receiver;
  sender.stage = TcpStage::kEstablished;
  sender.send_queue = 10;
  sender.bytes_sent = receiver.bytes_received = 100;
  EXPECT_TRUE(HasArrived(sender, receiver));
  receiver.bytes_received = 99;
  EXPECT_FALSE(HasArrived(sender, receiver));
}

TEST(HasArrived, DoesNotTrustCountsThatMayMeanSomethingElse) {
  TcpSocketInfo sender, receiver;
  sender.stage = TcpStage::kEstablished;
  sender.send_queue = 10;
  sender.bytes_sent = receiver.bytes_received = 100;
  TcpSocketInfo other = sender;
  other.bytes_not_sent = 1;
  EXPECT_FALSE(HasArrived(other, receiver));
  other = sender;
  other.bytes_sent_again = 1;
  EXPECT_FALSE(HasArrived(other, receiver));
  // The end of the stream counts for a byte, sent or not.
  other = sender;
  other.stage = TcpStage::kFinWait1;
  EXPECT_FALSE(HasArrived(other, receiver));
}

}  // namespace
}  // namespace tardigrade::inet_socket
