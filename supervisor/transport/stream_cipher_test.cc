#include "supervisor/transport/stream_cipher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <vector>

#include "supervisor/base/file_io.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::RandomBytes;
using Bytes = std::vector<std::byte>;

class StreamCipherTest : public ::testing::Test {
 protected:
  static Bytes Seal(StreamCipher& cipher, const Bytes& plain) {
    Bytes sealed(plain.size() + StreamCipher::kExtraBytes);
    cipher.Seal(plain, sealed);
    return sealed;
  }
  bool Open(const Bytes& sealed) {
    opened_.assign(sealed.size() < StreamCipher::kExtraBytes ? 0 : sealed.size() - StreamCipher::kExtraBytes, std::byte{0});
    return receiving_.Open(sealed, opened_);
  }

  StreamKey key_ = [] {
    StreamKey key;
    FillRandom(key);
    return key;
  }();
  std::array<std::byte, StreamCipher::kHeaderBytes> header_;
  StreamCipher sending_ = StreamCipher::ForSending(key_, header_);
  StreamCipher receiving_ = StreamCipher::ForReceiving(key_, header_);
  Bytes opened_;
};

TEST_F(StreamCipherTest, OpensWhatWasSealedInItsOrder) {
  for (const size_t size : {0, 1, 4096, 1 << 20}) {
    const Bytes plain = RandomBytes(size);
    const Bytes sealed = Seal(sending_, plain);
    ASSERT_TRUE(Open(sealed));
    EXPECT_EQ(opened_, plain);
  }
}

TEST_F(StreamCipherTest, OpensNothingThatWasChanged) {
  const Bytes sealed = Seal(sending_, RandomBytes(100));
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(Open(changed)) << i;
    EXPECT_FALSE(Open(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(i)))) << i;
  }
  EXPECT_TRUE(Open(sealed));
}

TEST_F(StreamCipherTest, OpensNothingOutOfOrder) {
  const Bytes first = Seal(sending_, RandomBytes(10)), second = Seal(sending_, RandomBytes(10));
  EXPECT_FALSE(Open(second));
  EXPECT_TRUE(Open(first));
  EXPECT_FALSE(Open(first));
  EXPECT_TRUE(Open(second));
}

TEST_F(StreamCipherTest, KeysAreOfADirectionAndAConnection) {
  const Bytes one = RandomBytes(128, 1), other = RandomBytes(128, 2);
  EXPECT_EQ(DeriveKey(key_, "a", one), DeriveKey(key_, "a", one));
  EXPECT_NE(DeriveKey(key_, "a", one), DeriveKey(key_, "b", one));
  EXPECT_NE(DeriveKey(key_, "a", one), DeriveKey(key_, "a", other));
  StreamKey another = key_;
  another[31] ^= std::byte{1};
  EXPECT_NE(DeriveKey(key_, "a", one), DeriveKey(another, "a", one));
}

TEST(StreamKeyFile, HasToBeLongAndPrivate) {
  const std::string path = ::testing::TempDir() + "/key";
  const auto write = [&](const std::string& text, mode_t mode) {
    ASSERT_TRUE(WriteFile(path, text).has_value());
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  };
  write(std::string(32, 'k'), 0600);
  const Result<StreamKey> key = ReadStreamKey(path);
  ASSERT_TRUE(key.has_value());
  write(std::string(33, 'k'), 0400);
  EXPECT_NE(ReadStreamKey(path).value(), key.value());
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(ReadStreamKey(path), FailsWith(ErrorCode::kUsage, "by others than its owner"));
  }
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  write(std::string(31, 'k'), 0600);
  EXPECT_THAT(ReadStreamKey(path), FailsWith(ErrorCode::kUsage, "31 bytes"));
  write(std::string(4097, 'k'), 0600);
  EXPECT_THAT(ReadStreamKey(path), FailsWith(ErrorCode::kUsage, "4097 bytes"));
  EXPECT_THAT(ReadStreamKey("/dev/zero"), FailsWith(ErrorCode::kUsage, "no regular file"));
}

}  // namespace
}  // namespace tardigrade
