#include "supervisor/image/memory_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "supervisor/base/file_io.h"
#include "supervisor/image/image_store.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::IsOkAnd;
using testing::RandomBytes;

constexpr uint64_t kRoom = 1 << 20;

std::string TextOf(const MemoryImage& image, const std::string& name) {
  const ScopedFd fd = image.Open(name).value();
  std::string text(image.SizeOf(name).value(), '\0');
  EXPECT_TRUE(PreadAll(fd.get(), std::as_writable_bytes(std::span(text)), 0).has_value());
  return text;
}

TEST(MemoryImage, KeepsFilesWhateverTheOrderOfTheirParts) {
  for (const std::string name : {"process-7.json", "pages-7.bin"}) {
    MemoryImage image(kRoom);
    ASSERT_THAT(image.Create("first"), IsOkAnd(size_t{0}));
    ASSERT_THAT(image.Create(name), IsOkAnd(size_t{1}));
    ASSERT_TRUE(image.Write(1, std::as_bytes(std::span("defg", 4)), 3).has_value());
    EXPECT_THAT(image.CheckWhole(), FailsWith(ErrorCode::kBadImage, name + ": 4 bytes came of 7"));
    ASSERT_TRUE(image.Write(1, std::as_bytes(std::span("abc", 3)), 0).has_value());
    EXPECT_TRUE(image.CheckWhole().has_value());
    EXPECT_EQ(TextOf(image, name), "abcdefg");
    EXPECT_EQ(image.bytes(), 7U);
  }
}

TEST(MemoryImage, RefusesWhatIsMalformed) {
  MemoryImage image(kRoom);
  EXPECT_THAT(image.Create("../x"), FailsWith(ErrorCode::kBadImage, "malformed"));
  EXPECT_THAT(image.Create(""), FailsWith(ErrorCode::kBadImage, "malformed"));
  ASSERT_TRUE(image.Create("a").has_value());
  EXPECT_THAT(image.Create("a"), FailsWith(ErrorCode::kBadImage, "twice"));
  const std::vector<std::byte> bytes = RandomBytes(8);
  EXPECT_THAT(image.Write(1, bytes, 0), FailsWith(ErrorCode::kBadImage, "which there is not"));
  EXPECT_THAT(image.Write(0, bytes, uint64_t{1} << 40), FailsWith(ErrorCode::kBadImage, "at offset"));
  EXPECT_THAT(image.Write(0, bytes, UINT64_MAX - 3), FailsWith(ErrorCode::kBadImage, "at offset"));
  EXPECT_THAT(image.Open("b"), FailsWith(ErrorCode::kBadImage, "b is missing"));
}

TEST(MemoryImage, TakesNoMoreThanItMay) {
  MemoryImage image(10);
  ASSERT_TRUE(image.Create("pages-1.bin").has_value());
  ASSERT_TRUE(image.Write(0, RandomBytes(8), 0).has_value());
  EXPECT_THAT(image.Write(0, RandomBytes(8), 8), FailsWith(ErrorCode::kSystem, "more than 10 bytes"));
  // A gap counts.
  ASSERT_TRUE(image.Create("a").has_value());
  EXPECT_THAT(image.Write(1, RandomBytes(1), 2), FailsWith(ErrorCode::kSystem, "more than 10 bytes"));
}

// A target that is a source.
class InMemory final : public ImageTarget {
 public:
  explicit InMemory(MemoryImage& image) : image_(image) {}
  Result<std::unique_ptr<OutputFile>> CreateFile(const std::string& name) override {
    ASSIGN_OR_RETURN(const size_t number, image_.Create(name));
    return std::unique_ptr<OutputFile>(new File(image_, number));
  }
  Status Publish() override { return image_.CheckWhole(); }

 private:
  class File final : public OutputFile {
   public:
    File(MemoryImage& image, size_t number) : image_(image), number_(number) {}
    Status Write(std::span<iovec> parts, uint64_t offset) override {
      for (const iovec& part : parts) {
        RETURN_IF_ERROR(image_.Write(number_, {static_cast<const std::byte*>(part.iov_base), part.iov_len}, offset));
        offset += part.iov_len;
      }
      return Ok();
    }

   private:
    MemoryImage& image_;
    const size_t number_;
  };
  MemoryImage& image_;
};

using Round = testing::ImageFixture;

TEST_F(Round, AnImageIsTheSameInMemory) {
  const auto image = std::make_shared<MemoryImage>(kRoom);
  {
    const auto writer = ImageWriter::CreateIn(std::make_unique<InMemory>(*image)).value();
    ASSERT_TRUE(writer->attachments().Put(example_bytes()).has_value());
    ASSERT_TRUE(writer->WriteDocument("process-7.json", ExampleDocument()).has_value());
    const auto pages = writer->CreatePages("7").value();
    ASSERT_TRUE(pages->Write(RandomBytes(5 * 4096, 2), 0x10000, 0).has_value());
    ASSERT_TRUE(pages->Close().has_value());
    ASSERT_TRUE(writer->Commit(ExampleManifest()).has_value());
  }
  const auto reader = ImageReader::OpenIn(image).value();
  EXPECT_TRUE(reader->Verify().has_value());
  EXPECT_THAT(reader->ReadDocument("process-7.json"), IsOkAnd(ExampleDocument()));
  EXPECT_EQ(reader->OpenPages("pages-7.bin", "pagemap-7.bin").value()->extents().size(), 1U);
  EXPECT_THAT(ImageReader::OpenIn(std::make_shared<MemoryImage>(kRoom)),
              FailsWith(ErrorCode::kBadImage, "no manifest.json"));
}

}  // namespace
}  // namespace tardigrade
