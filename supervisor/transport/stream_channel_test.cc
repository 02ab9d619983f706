#include "supervisor/transport/stream_channel.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using protocol::StreamRecord;
using testing::FailsWith;
using testing::RandomBytes;
using Bytes = std::vector<std::byte>;

// Bytes in one direction; whatever is put in may be changed on the way.
class Pipe {
 public:
  void Put(std::span<const std::byte> bytes) {
    std::lock_guard lock(mutex_);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    changed_.notify_all();
  }
  bool Get(std::span<std::byte> bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || bytes_.size() >= bytes.size(); });
    if (bytes_.size() < bytes.size()) return false;
    std::memcpy(bytes.data(), bytes_.data(), bytes.size());
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(bytes.size()));
    return true;
  }
  Bytes TakeAll() {
    std::lock_guard lock(mutex_);
    return std::exchange(bytes_, {});
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  void Reopen() {
    std::lock_guard lock(mutex_);
    closed_ = false;
    bytes_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Bytes bytes_;
  bool closed_ = false;
};

class PipeStream final : public ByteStream {
 public:
  PipeStream(Pipe& in, Pipe& out) : in_(in), out_(out) {}
  Status Send(std::span<iovec> parts) override {
    for (const iovec& part : parts) out_.Put({static_cast<const std::byte*>(part.iov_base), part.iov_len});
    return Ok();
  }
  Status Receive(std::span<std::byte> bytes) override {
    return in_.Get(bytes) ? Ok() : Status(Error::Syscall(ErrorCode::kSystem, ECONNRESET, "the end"));
  }
  bool HasInput() override { return false; }

 private:
  Pipe& in_;
  Pipe& out_;
};

StreamKey Key(unsigned seed) {
  StreamKey key;
  const Bytes bytes = RandomBytes(key.size(), seed);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

class Connection : public ::testing::Test {
 protected:
  void Connect(const std::optional<StreamKey>& source_key, const std::optional<StreamKey>& receiver_key) {
    std::thread receiving([&] {
      receiver_ = StreamChannel::Open(std::make_unique<PipeStream>(there_, back_), StreamSide::kReceiver, receiver_key);
      if (!receiver_.has_value()) back_.Close();
    });
    source_ = StreamChannel::Open(std::make_unique<PipeStream>(back_, there_), StreamSide::kSource, source_key);
    if (!source_.has_value()) there_.Close();
    receiving.join();
  }
  Status SendData(Bytes data) {
    iovec part = {.iov_base = data.data(), .iov_len = data.size()};
    RETURN_IF_ERROR(source_.value()->Send({.type = static_cast<uint32_t>(StreamRecord::kData), .file = 3, .round = 0, .reserved = 0, .offset = 7, .checksum = 0}, {&part, 1}));
    return source_.value()->Flush();
  }
  StreamChannel& receiver() { return *receiver_.value(); }

  Pipe there_, back_;
  Result<std::unique_ptr<StreamChannel>> source_ = Error(ErrorCode::kInternal, "");
  Result<std::unique_ptr<StreamChannel>> receiver_ = Error(ErrorCode::kInternal, "");
};

class PlainOrKeyed : public Connection, public ::testing::WithParamInterface<bool> {
 protected:
  void ConnectAlike() {
    const std::optional<StreamKey> key = GetParam() ? std::optional(Key(1)) : std::nullopt;
    Connect(key, key);
    ASSERT_TRUE(source_.has_value() && receiver_.has_value());
  }
};

TEST_P(PlainOrKeyed, CarriesRecordsOfEverySize) {
  ConnectAlike();
  for (const size_t size : {size_t{0}, size_t{8}, size_t{100'000}, size_t{protocol::kStreamMaxPayload}}) {
    const Bytes data = RandomBytes(size);
    ASSERT_TRUE(SendData(data).has_value());
    const StreamMessage message = receiver().Receive().value();
    EXPECT_EQ(message.type(), StreamRecord::kData);
    EXPECT_EQ(message.header.file, 3U);
    EXPECT_EQ(message.header.offset, 7U);
    EXPECT_EQ(Bytes(message.payload.begin(), message.payload.end()), data);
  }
  EXPECT_THAT(SendData(Bytes(protocol::kStreamMaxPayload + 1)), FailsWith(ErrorCode::kInternal, "a record of"));
}

TEST_P(PlainOrKeyed, RefusesARecordThatWasTamperedWith) {
  // Each byte of it once, on a connection of its own.
  constexpr size_t kRecordBytes = 4 + 32 + 16;
  for (size_t i = 0; i < kRecordBytes; ++i) {
    ConnectAlike();
    ASSERT_TRUE(SendData(RandomBytes(16)).has_value());
    Bytes wire = there_.TakeAll();
    wire[i] ^= std::byte{1};
    there_.Put(wire);
    there_.Close();
    EXPECT_FALSE(receiver().Receive().has_value()) << i;
    there_.Reopen();
  }
}

TEST_P(PlainOrKeyed, NoticesAnEndWithinARecord) {
  ConnectAlike();
  ASSERT_TRUE(SendData(RandomBytes(16)).has_value());
  Bytes wire = there_.TakeAll();
  wire.pop_back();
  there_.Put(wire);
  there_.Close();
  EXPECT_THAT(receiver().Receive(), FailsWith(ErrorCode::kSystem, "the end"));
}

INSTANTIATE_TEST_SUITE_P(StreamChannel, PlainOrKeyed, ::testing::Bool());

TEST_F(Connection, UnderAKeyNothingIsLeftOutDoubledOrMoved) {
  for (const std::string order : {"ba", "aa", "b"}) {
    Connect(Key(1), Key(1));
    ASSERT_TRUE(SendData(RandomBytes(16, 1)).has_value());
    const Bytes a = there_.TakeAll();
    ASSERT_TRUE(SendData(RandomBytes(16, 2)).has_value());
    const Bytes b = there_.TakeAll();
    for (const char which : order) there_.Put(which == 'a' ? a : b);
    if (order[0] == 'a') {
      ASSERT_TRUE(receiver().Receive().has_value());
    }
    EXPECT_THAT(receiver().Receive(), FailsWith(ErrorCode::kDenied, "not what the holder of this key sent")) << order;
    (void)there_.TakeAll();
  }
}

TEST_F(Connection, AnEarlierConnectionCannotBeReplayed) {
  Connect(Key(1), Key(1));
  ASSERT_TRUE(SendData(RandomBytes(16)).has_value());
  const Bytes earlier = there_.TakeAll();
  Connect(Key(1), Key(1));
  there_.Put(earlier);
  EXPECT_THAT(receiver().Receive(), FailsWith(ErrorCode::kDenied, "not what the holder"));
}

TEST_F(Connection, WhatOneSideSaidIsNoAnswerToIt) {
  Connect(Key(1), Key(1));
  ASSERT_TRUE(source_.value()->Say(StreamRecord::kGo).has_value());
  back_.Put(there_.TakeAll());
  EXPECT_THAT(source_.value()->Receive(), FailsWith(ErrorCode::kDenied, "not what the holder"));
}

TEST_F(Connection, WantsTheSameKey) {
  Connect(Key(1), Key(2));
  ASSERT_TRUE(SendData(RandomBytes(16)).has_value());
  EXPECT_THAT(receiver().Receive(), FailsWith(ErrorCode::kDenied, "another key"));
  (void)there_.TakeAll();
  Connect(Key(1), std::nullopt);
  EXPECT_THAT(receiver_, FailsWith(ErrorCode::kDenied, "the other side was given a key, this one was not"));
  EXPECT_FALSE(source_.has_value());
}

TEST_F(Connection, RefusesAnotherVersionByItsNumber) {
  protocol::StreamHello hello = {.magic = protocol::kStreamMagic, .version = 77, .flags = 0, .nonce = {}, .reserved = {}};
  const auto greet = [&] {
    there_.Put(std::as_bytes(std::span(&hello, 1)));
    return StreamChannel::Open(std::make_unique<PipeStream>(there_, back_), StreamSide::kReceiver, std::nullopt);
  };
  EXPECT_THAT(greet(), FailsWith(ErrorCode::kBadImage, "version 77 of the stream; this build speaks version 1"));
  EXPECT_EQ(back_.TakeAll().size(), sizeof(hello));
  hello.magic = 0;
  EXPECT_THAT(greet(), FailsWith(ErrorCode::kBadImage, "does not speak this protocol"));
  EXPECT_EQ(back_.TakeAll().size(), 0U);
  hello = {.magic = protocol::kStreamMagic, .version = 1, .flags = 2, .nonce = {}, .reserved = {}};
  EXPECT_THAT(greet(), FailsWith(ErrorCode::kBadImage, "malformed greeting"));
}

}  // namespace
}  // namespace tardigrade
