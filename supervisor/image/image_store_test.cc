#include "supervisor/image/image_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <random>
#include <set>
#include <thread>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ImageFixture;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RandomBytes;

class ImageStoreTest : public ImageFixture {};

TEST_F(ImageStoreTest, RoundTrip) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  const auto reader = ImageReader::Open(dir());
  ASSERT_THAT(reader, IsOk());
  const ImageReader& image = *reader.value();
  EXPECT_EQ(image.manifest().root_pid, 7);
  EXPECT_EQ(image.manifest().files.size(), 4u);
  const Result<Value> document = image.ReadDocument("process-7.json");
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document.value(), ExampleDocument());
  EXPECT_EQ(image.attachments().Get(example_attachment(), 1 << 20).value(), example_bytes());
  EXPECT_THAT(image.Verify(), IsOk());
}

TEST_F(ImageStoreTest, OnlyTheOwnerMayLook) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  struct stat st = {};
  ASSERT_EQ(stat(dir().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700u);
  EXPECT_EQ(Names(dir()),
            (std::set<std::string>{"data.bin", "manifest.json", "manifest.sum", "pages-7.bin",
                                   "pagemap-7.bin", "process-7.json"}));
}

TEST_F(ImageStoreTest, UncommittedLeavesNothing) {
  {
    const auto writer = ImageWriter::Create(dir(), false);
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(writer.value()->WriteDocument("a.json", Value(1)), IsOk());
    EXPECT_EQ(access((dir() + ".partial").c_str(), F_OK), 0);
  }
  EXPECT_NE(access((dir() + ".partial").c_str(), F_OK), 0);
  EXPECT_NE(access(dir().c_str(), F_OK), 0);
}

TEST_F(ImageStoreTest, OpenPagesMustBeClosed) {
  auto writer = std::move(ImageWriter::Create(dir(), false)).value();
  const auto pages = writer->CreatePages("7");
  EXPECT_THAT(writer->Commit(ExampleManifest()), FailsWith(ErrorCode::kInternal, "not closed"));
}

TEST_F(ImageStoreTest, SecondWriterIsRefused) {
  const auto first = ImageWriter::Create(dir(), false);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(ImageWriter::Create(dir(), false),
              FailsWith(ErrorCode::kUsage, "being written by another process"));
}

TEST_F(ImageStoreTest, WriterThatIsAboutToGoIsWaitedFor) {
  ASSERT_EQ(mkdir((dir() + ".partial").c_str(), 0700), 0);
  ScopedFd lock(open((dir() + ".partial").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  std::thread goes([&lock] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    lock.Reset();
  });
  EXPECT_THAT(ImageWriter::Create(dir(), false), IsOk());
  goes.join();
}

TEST_F(ImageStoreTest, ExistingImageNeedsOverwrite) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  EXPECT_THAT(ImageWriter::Create(dir() + "/", false), FailsWith(ErrorCode::kUsage, "exists"));
  ASSERT_THAT(WriteExample(dir(), true, 8), IsOk());
  EXPECT_EQ(ImageReader::Open(dir()).value()->manifest().root_pid, 8);
  EXPECT_NE(access((dir() + ".partial").c_str(), F_OK), 0);
}

TEST_F(ImageStoreTest, OneThatIsNotWaitedForIsWholeAllTheSame) {
  for (const bool overwrite : {false, true}) {
    ASSERT_THAT(WriteExample(dir(), overwrite, 7, Durability::kEventual), IsOk());
    EXPECT_THAT(ImageReader::Open(dir()).value()->Verify(), IsOk());
    EXPECT_NE(access((dir() + ".partial").c_str(), F_OK), 0);
  }
}

TEST_F(ImageStoreTest, OverwriteThatIsGivenUpKeepsTheOldImage) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  ASSERT_THAT(ImageWriter::Create(dir(), true), IsOk());
  EXPECT_THAT(ImageReader::Open(dir()).value()->Verify(), IsOk());
}

TEST_F(ImageStoreTest, WhatIsNoImageIsNeverOverwritten) {
  ASSERT_EQ(mkdir(dir().c_str(), 0700), 0);
  EXPECT_THAT(ImageWriter::Create(dir(), true), FailsWith(ErrorCode::kUsage, "no image"));
  ASSERT_THAT(WriteFile(dir() + "/manifest.json", "{}"), IsOk());
  ASSERT_EQ(mkdir((dir() + "/photos").c_str(), 0700), 0);
  EXPECT_THAT(ImageWriter::Create(dir(), true), FailsWith(ErrorCode::kUsage, "photos"));
  ASSERT_THAT(WriteFile(dir() + ".x", "text"), IsOk());
  EXPECT_THAT(ImageWriter::Create(dir() + ".x", true), FailsWith(ErrorCode::kUsage, "no image"));
  ASSERT_EQ(symlink(dir().c_str(), (dir() + ".link").c_str()), 0);
  EXPECT_THAT(ImageWriter::Create(dir() + ".link", true), FailsWith(ErrorCode::kUsage, "no image"));
  EXPECT_THAT(ImageWriter::Create("..", true), FailsWith(ErrorCode::kUsage, "cannot name"));
}

TEST_F(ImageStoreTest, NamesOfFilesAreChecked) {
  auto writer = std::move(ImageWriter::Create(dir(), false)).value();
  for (const char* name : {"", "..", "../a", "a/b", ".hidden", "a b", "manifest.json"})
    EXPECT_THAT(writer->WriteDocument(name, Value()), FailsWith(ErrorCode::kInternal, "")) << name;
  EXPECT_THAT(writer->CreatePages("../7"), FailsWith(ErrorCode::kInternal, "cannot name"));
}

// Killed while writing: no image, and the next writer takes the remains over.
TEST_F(ImageStoreTest, KilledWriterLeavesNoImage) {
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) {
        (void)WriteExample(dir() + ".never", true);
        const auto writer = ImageWriter::Create(dir(), false);
        if (!writer.has_value()) _exit(1);
        (void)writer.value()->attachments().Put(example_bytes());
        (void)writer.value()->WriteDocument("a.json", ExampleDocument());
      }
    }
    usleep(3000 + 1000 * round);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_NE(access(dir().c_str(), F_OK), 0);
    if (access((dir() + ".never").c_str(), F_OK) == 0) {
      const auto image = ImageReader::Open(dir() + ".never");
      ASSERT_THAT(image, IsOk());
      ASSERT_THAT(image.value()->Verify(), IsOk());
    }
  }
  ASSERT_THAT(WriteExample(dir()), IsOk());
  ASSERT_THAT(WriteExample(dir() + ".never", true), IsOk());
}

TEST_F(ImageStoreTest, FileContentsKeepTheirHoles) {
  const ScopedFd from(memfd_create("from", 0)), to(memfd_create("to", 0));
  const std::vector<std::byte> data = RandomBytes(3 << 20);
  ASSERT_EQ(ftruncate(from.get(), 64 << 20), 0);
  ASSERT_THAT(PwriteAll(from.get(), data, 8 << 20), IsOk());
  ASSERT_THAT(PwriteAll(from.get(), data, 32 << 20), IsOk());
  lseek(from.get(), 12345, SEEK_SET);
  FileContents contents;
  {
    auto writer = std::move(ImageWriter::Create(dir(), false)).value();
    const Result<FileContents> put = writer->attachments().PutFile(from.get());
    ASSERT_THAT(put, IsOk());
    contents = put.value();
    Manifest manifest = ExampleManifest();
    manifest.processes.clear();
    ASSERT_THAT(writer->Commit(manifest), IsOk());
  }
  EXPECT_EQ(lseek(from.get(), 0, SEEK_CUR), 12345);
  EXPECT_EQ(contents.extents.size(), 2u);
  const auto image = ImageReader::Open(dir());
  ASSERT_THAT(image, IsOk());
  ASSERT_THAT(PwriteAll(to.get(), data, 1 << 20), IsOk());  // Must go away.
  ASSERT_THAT(image.value()->attachments().FillFile(contents, to.get()), IsOk());
  EXPECT_EQ(lseek(to.get(), 0, SEEK_DATA), 8 << 20);
  std::vector<std::byte> a(64 << 20), b(64 << 20);
  ASSERT_THAT(PreadAll(from.get(), a, 0), IsOk());
  ASSERT_THAT(PreadAll(to.get(), b, 0), IsOk());
  EXPECT_TRUE(a == b);

  const auto has = [&] {
    return image.value()->attachments().HasContents(contents, to.get()).value();
  };
  EXPECT_TRUE(has());
  const std::byte zero{0}, one{1};
  ASSERT_THAT(PwriteAll(to.get(), std::span(&zero, 1), 20 << 20), IsOk());
  EXPECT_TRUE(has());  // A hole, or zeros.
  ASSERT_THAT(PwriteAll(to.get(), std::span(&one, 1), 20 << 20), IsOk());
  EXPECT_FALSE(has());
  ASSERT_THAT(image.value()->attachments().FillFile(contents, to.get()), IsOk());
  const std::byte other{static_cast<uint8_t>(~static_cast<uint8_t>(data[100]))};
  ASSERT_THAT(PwriteAll(to.get(), std::span(&other, 1), (32 << 20) + 100), IsOk());
  EXPECT_FALSE(has());

  const auto refuses = [&](FileContents bad, const char* why) {
    EXPECT_THAT(image.value()->attachments().FillFile(bad, to.get()),
                FailsWith(ErrorCode::kBadImage, why));
  };
  FileContents bad = contents;
  bad.extents[1].file_offset = 8 << 20;
  refuses(bad, "overlap");
  bad = contents;
  bad.size = 9 << 20;
  refuses(bad, "outside the file");
  bad = contents;
  bad.extents[0].data.offset = UINT64_MAX;
  refuses(bad, "outside data.bin");
  bad = contents;
  bad.extents[0].data.checksum ^= 1;
  refuses(bad, "corrupt");
}

TEST_F(ImageStoreTest, AttachmentsAreChecked) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  const auto image = std::move(ImageReader::Open(dir())).value();
  Attachment attachment = example_attachment();
  EXPECT_THAT(image->attachments().Get(attachment, attachment.size - 1),
              FailsWith(ErrorCode::kBadImage, "larger"));
  attachment.checksum ^= 1;
  EXPECT_THAT(image->attachments().Get(attachment, 1 << 20),
              FailsWith(ErrorCode::kBadImage, "corrupt"));
  attachment.size = UINT64_MAX;
  EXPECT_THAT(image->attachments().Get(attachment, UINT64_MAX),
              FailsWith(ErrorCode::kBadImage, "outside"));
}

// Every file, a flip in many places.
TEST_F(ImageStoreTest, EveryFlippedBitIsFound) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  std::mt19937 random(1);
  for (const std::string& name : Names(dir())) {
    const std::string path = dir() + "/" + name;
    const std::string before = ReadFile(path).value();
    for (int i = 0; i < 40; ++i) {
      std::string text = before;
      text[random() % text.size()] ^= static_cast<char>(1 << random() % 8);
      ASSERT_THAT(WriteFile(path, text), IsOk());
      const auto image = ImageReader::Open(dir());
      EXPECT_FALSE(image.has_value() && image.value()->Verify().has_value()) << name;
    }
    ASSERT_THAT(WriteFile(path, before), IsOk());
  }
  EXPECT_THAT(ImageReader::Open(dir()).value()->Verify(), IsOk());
}

TEST_F(ImageStoreTest, EveryTruncationIsFoundOnOpening) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  for (const std::string& name : Names(dir())) {
    const std::string path = dir() + "/" + name;
    const std::string before = ReadFile(path).value();
    for (const size_t size : {size_t{0}, size_t{1}, before.size() / 2, before.size() - 1}) {
      ASSERT_THAT(WriteFile(path, before.substr(0, size)), IsOk());
      EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, name));
    }
    ASSERT_EQ(unlink(path.c_str()), 0);
    EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, name));
    ASSERT_EQ(symlink("/dev/zero", path.c_str()), 0);
    EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, "symbolic link"));
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, "not a regular file"));
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_THAT(WriteFile(path, before), IsOk());
  }
}

TEST_F(ImageStoreTest, MalformedManifestsAreRefused) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  const auto refuses = [&](std::string_view from, std::string_view to, const char* why) {
    const std::string before = ReadFile(dir() + "/manifest.json").value();
    ASSERT_THAT(ReplaceInManifest(from, to), IsOk());
    EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, why)) << to;
    ASSERT_THAT(SetManifest(before), IsOk());
  };
  refuses("\"version\": 4", "\"version\": 5", "image version 5; this build reads version 4");
  refuses("tardigrade-image", "other-image", "not that of a tardigrade-image");
  refuses("\"process-7.json\"", "\"../../etc/passwd\"", "");
  refuses("\"name\": \"data.bin\"", "\"name\": \"../data.bin\"", "malformed file name");
  refuses("\"name\": \"data.bin\"", "\"name\": \"process-7.json\"", "process-7.json");
  refuses("\"root_pid\": 7", "\"root_pid\": -7", "manifest.root_pid");
  refuses("\"pid\": 7", "\"pid\": 1.5", "no 64-bit integer");
}

TEST_F(ImageStoreTest, WhatIsNoImageIsRefused) {
  EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, "there is no image"));
  ASSERT_EQ(mkdir(dir().c_str(), 0700), 0);
  EXPECT_THAT(ImageReader::Open(dir()), FailsWith(ErrorCode::kBadImage, "was not finished"));
  ASSERT_THAT(WriteFile(dir() + ".x", ""), IsOk());
  EXPECT_THAT(ImageReader::Open(dir() + ".x"), FailsWith(ErrorCode::kBadImage, "not a directory"));
}

TEST_F(ImageStoreTest, UnknownDocumentsAreRefused) {
  ASSERT_THAT(WriteExample(dir()), IsOk());
  const auto image = std::move(ImageReader::Open(dir())).value();
  EXPECT_THAT(image->ReadDocument("manifest.json"),
              FailsWith(ErrorCode::kBadImage, "no such file"));
  EXPECT_THAT(image->ReadDocument("../x"), FailsWith(ErrorCode::kBadImage, "no such file"));
  EXPECT_THAT(image->OpenPages("data.bin", "pagemap-7.bin"),
              FailsWith(ErrorCode::kBadImage, "does not name a page file"));
  EXPECT_THAT(image->OpenPages("pages-7.bin", "data.bin"),
              FailsWith(ErrorCode::kBadImage, "page map"));
}

}  // namespace
}  // namespace tardigrade
