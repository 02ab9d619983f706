// An image from one side of a connection to the other, and the job handed over.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/image/image_store.h"
#include "supervisor/transport/image_assembler.h"
#include "supervisor/transport/image_receiver.h"
#include "supervisor/transport/image_sender.h"
#include "supervisor/transport/stream_peer.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAnd;
using testing::RandomBytes;

constexpr uint64_t kRoom = 64 << 20;
using Fate = ImageSender::Fate;

class ImageStream : public testing::ImageFixture {
 protected:
  ImageStream() { options_.address = ParseNetworkAddress("127.0.0.1:0", "").value(); }

  void Listen() {
    receiver_ = ImageReceiver::Listen(options_, kRoom, [this](const std::string& what) { warnings_.push_back(what); }).value();
    options_.address = receiver_->address();
  }
  void Dial(bool copy = false) { sender_ = ImageSender::Create(options_, copy).value(); }

  Status SendExample() {
    ASSIGN_OR_RETURN(std::unique_ptr<ImageTarget> target, sender_->Begin());
    ASSIGN_OR_RETURN(const std::unique_ptr<ImageWriter> writer, ImageWriter::CreateIn(std::move(target)));
    RETURN_IF_ERROR(writer->attachments().Put(example_bytes()));
    RETURN_IF_ERROR(writer->WriteDocument("process-7.json", ExampleDocument()));
    ASSIGN_OR_RETURN(const std::unique_ptr<PageFileWriter> pages, writer->CreatePages("7"));
    RETURN_IF_ERROR(pages->Write(RandomBytes(2 << 20, 2), 0x10000, 0));
    RETURN_IF_ERROR(pages->Close());
    return writer->Commit(ExampleManifest());
  }
  std::future<Result<std::shared_ptr<MemoryImage>>> Receiving() {
    return std::async(std::launch::async, [this] { return receiver_->Receive(progress_); });
  }
  void Transfer() {
    auto receiving = Receiving();
    ASSERT_THAT(SendExample(), IsOk());
    image_ = receiving.get().value();
  }

  StreamOptions options_;
  Progress progress_;
  std::vector<std::string> warnings_;
  std::unique_ptr<ImageReceiver> receiver_;
  std::unique_ptr<ImageSender> sender_;
  std::shared_ptr<MemoryImage> image_;
};

TEST_F(ImageStream, ArrivesWholeAndIsHandedOver) {
  Listen();
  Dial();
  Transfer();
  const auto reader = ImageReader::OpenIn(image_).value();
  EXPECT_THAT(reader->Verify(), IsOk());
  EXPECT_THAT(reader->ReadDocument("process-7.json"), IsOkAnd(ExampleDocument()));
  auto waiting = std::async(std::launch::async, [this] {
    receiver_->SayAlive();
    const Status go = receiver_->AwaitGo();
    receiver_->SayRunning(4711);
    return go;
  });
  ASSERT_THAT(sender_->AwaitReady(), IsOk());
  const ImageSender::Answer answer = sender_->Go();
  sender_->SayDone();
  EXPECT_THAT(waiting.get(), IsOk());
  EXPECT_EQ(answer.fate, Fate::kRuns);
  EXPECT_EQ(answer.pid, 4711);
  EXPECT_GT(sender_->bytes_sent(), uint64_t{2} << 20);
}

TEST_F(ImageStream, ASecondAttemptVoidsTheFirst) {
  Listen();
  Dial();
  auto receiving = Receiving();
  {
    const auto writer = ImageWriter::CreateIn(sender_->Begin().value()).value();
    ASSERT_THAT(writer->WriteDocument("process-8.json", ExampleDocument()), IsOk());
  }
  ASSERT_THAT(SendExample(), IsOk());
  const auto image = receiving.get().value();
  EXPECT_FALSE(image->Has("process-8.json"));
  EXPECT_THAT(ImageReader::OpenIn(image), IsOk());
}

TEST_F(ImageStream, TheReceiverSaysWhyItCannot) {
  Listen();
  Dial();
  Transfer();
  auto failing = std::async(std::launch::async, [this] { receiver_->SayFailed(Error(ErrorCode::kUnsupported, "no such vDSO")); });
  EXPECT_THAT(sender_->AwaitReady(), FailsWith(ErrorCode::kUnsupported, "the receiver gave up: no such vDSO"));
  sender_ = nullptr;
  failing.get();
}

TEST_F(ImageStream, TheSourceSaysWhyItCannot) {
  Listen();
  Dial();
  Transfer();
  sender_->GiveUp(Error(ErrorCode::kTraceeGone, "it died"));
  EXPECT_THAT(receiver_->AwaitGo(), FailsWith(ErrorCode::kTraceeGone, "the source gave up: it died"));
}

TEST_F(ImageStream, ALateFailureIsNoRun) {
  Listen();
  Dial();
  Transfer();
  auto failing = std::async(std::launch::async, [this] {
    EXPECT_THAT(receiver_->AwaitGo(), IsOk());
    receiver_->SayFailed(Error(ErrorCode::kSystem, "too late"));
  });
  ASSERT_THAT(sender_->AwaitReady(), IsOk());
  const ImageSender::Answer answer = sender_->Go();
  EXPECT_EQ(answer.fate, Fate::kNot);
  EXPECT_EQ(answer.error.ToString(), "the receiver gave up: too late");
  sender_ = nullptr;
  failing.get();
}

TEST_F(ImageStream, NobodyKnowsWhenTheReceiverDiesAfterTheWord) {
  Listen();
  Dial();
  Transfer();
  auto dying = std::async(std::launch::async, [this] {
    EXPECT_THAT(receiver_->AwaitGo(), IsOk());
    receiver_ = nullptr;
  });
  ASSERT_THAT(sender_->AwaitReady(), IsOk());
  EXPECT_EQ(sender_->Go().fate, Fate::kUnknown);
  dying.get();
}

// A source that has come to the end is waited for; one that has not does not come back.
TEST_F(ImageStream, WithoutTheWordTheJobDoesNotRun) {
  Listen();
  Dial();
  Transfer();
  sender_ = nullptr;
  EXPECT_THAT(receiver_->AwaitGo(), FailsWith(ErrorCode::kSystem, "waiting for the source to let the job go"));
}

TEST_F(ImageStream, TurnsAwayWhoHasAnotherKeyAndWaitsForTheRightOne) {
  const auto key_file = [&](const char* name, char c) {
    const std::string path = ::testing::TempDir() + "/" + name;
    EXPECT_THAT(WriteFile(path, std::string(32, c)), IsOk());
    EXPECT_EQ(chmod(path.c_str(), 0600), 0);
    return path;
  };
  options_.key_file = key_file("right", 'r');
  Listen();
  auto receiving = Receiving();
  const std::string right = options_.key_file;
  options_.key_file = key_file("wrong", 'w');
  Dial();
  EXPECT_THAT(sender_->Begin(), FailsWith(ErrorCode::kDenied, "another key"));
  options_.key_file = "";
  Dial();
  EXPECT_THAT(sender_->Begin(), FailsWith(ErrorCode::kDenied, "the other side was given a key"));
  options_.key_file = right;
  Dial();
  ASSERT_THAT(SendExample(), IsOk());
  EXPECT_THAT(ImageReader::OpenIn(receiving.get().value()).value()->Verify(), IsOk());
  EXPECT_EQ(warnings_.size(), 2U);
}

TEST(KeyFor, IsWantedWhereItLeavesThisMachine) {
  StreamOptions options;
  options.address = ParseNetworkAddress("10.0.0.1:1", "").value();
  EXPECT_THAT(KeyFor(options), FailsWith(ErrorCode::kUsage, "give --key, or --insecure"));
  options.insecure = true;
  EXPECT_THAT(KeyFor(options), IsOk());
  options.insecure = false;
  options.address = ParseNetworkAddress("[::1]:1", "").value();
  EXPECT_THAT(KeyFor(options), IsOk());
}

TEST(ImageAssembler, RefusesWhatHasNoPlace) {
  const auto take = [](ImageAssembler& assembler, protocol::StreamRecord type, std::string_view payload, uint32_t file = 0) {
    StreamMessage message;
    message.header.type = static_cast<uint32_t>(type);
    message.header.file = file;
    message.payload = std::as_bytes(std::span(payload));
    return assembler.Take(message);
  };
  using enum protocol::StreamRecord;
  ImageAssembler assembler(kRoom);
  EXPECT_THAT(take(assembler, kFile, "a"), FailsWith(ErrorCode::kBadImage, "no place here"));
  EXPECT_THAT(take(assembler, kBegin, ""), FailsWith(ErrorCode::kBadImage, "too short"));
  EXPECT_THAT(take(assembler, kBegin, std::string_view("\3\0\0\0\0\0\0\0", 8)), FailsWith(ErrorCode::kBadImage, "does not know"));
  ASSERT_THAT(take(assembler, kBegin, std::string_view("\1\0\0\0\0\0\0\0", 8)), IsOk());
  EXPECT_THAT(take(assembler, kFile, "/etc/passwd"), FailsWith(ErrorCode::kBadImage, "malformed file name"));
  EXPECT_THAT(take(assembler, kData, "x"), FailsWith(ErrorCode::kBadImage, "which there is not"));
  EXPECT_THAT(take(assembler, kGo, ""), FailsWith(ErrorCode::kBadImage, "no place here"));
  ASSERT_THAT(take(assembler, kEnd, ""), IsOk());
  EXPECT_THAT(take(assembler, kBegin, std::string_view("\1\0\0\0\0\0\0\0", 8)), FailsWith(ErrorCode::kBadImage, "no place here"));
}

}  // namespace
}  // namespace tardigrade
