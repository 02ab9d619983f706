#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/cli/image_contents.h"
#include "supervisor/cli/inspect_command.h"
#include "supervisor/cli/inspect_report.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

// An image in memory: one process, one thread, two mappings, three descriptors.
class FakeImage final : public ImageReader {
 public:
  FakeImage() {
    manifest_.tool_version = "0.1";
    manifest_.created = "2024-05-06T07:08:09Z";
    manifest_.root_pid = 7;
    manifest_.host = {.hostname = "box",
                      .kernel = "6.18",
                      .architecture = "x86_64",
                      .page_size = 4096,
                      .xfeatures = 0,
                      .xsave_size = 0,
                      .vdso_checksum = "",
                      .boot_id = ""};
    manifest_.processes = {{.pid = 7, .comm = "job", .document = "process-7.json"}};
    manifest_.files = {{.name = "files.json", .size = 100, .checksum = 1}};
    ThreadDocument thread;
    thread.tid = 7;
    thread.comm = "evil\x1b[2J";
    thread.backtrace = {{.address = 0x1010, .symbol = "poll", .offset = 0x10, .module = "/libc"},
                        {.address = 0x2020, .symbol = "", .offset = 0x20, .module = "/job"},
                        {.address = 0x3030, .symbol = "", .offset = 0, .module = ""}};
    process.pid = process.process_group = 7;
    process.session = 1;
    process.threads = {thread};
    process.mappings.resize(2);
    process.mappings[0].start = 0x1000;
    process.mappings[0].end = 0x3000;
    process.mappings[0].prot = PROT_READ | PROT_EXEC;
    process.mappings[0].path = "/libc";
    process.mappings[0].backing = {"file", Value(Value::Object{})};
    process.mappings[1].start = 0x5000;
    process.mappings[1].end = 0x9000;
    process.mappings[1].prot = PROT_READ | PROT_WRITE;
    process.mappings[1].shared = true;
    process.mappings[1].backing = {"anonymous", Value(Value::Object{})};
    process.descriptors = {{.fd = 0, .close_on_exec = false, .file = 0, .of_process = {}},
                           {.fd = 3, .close_on_exec = true, .file = 0, .of_process = {}},
                           {.fd = 4, .close_on_exec = false, .file = 9, .of_process = {}}};
    process.pages = "pages-7.bin";
    process.pagemap = "pagemap-7.bin";
    files.files = {{"regular", Value(Value::Object{{"flags", Value(2)},
                                                   {"extents", Value(Value::Array{Value(1)})},
                                                   {"path", Value("/etc/passwd")}})}};
  }

  const Manifest& manifest() const override { return manifest_; }
  const AttachmentReader& attachments() const override { return attachments_; }
  Result<Value> ReadDocument(const std::string& name) const override {
    if (name == "process-7.json") return Encode(process);
    if (name == "files.json") return Encode(files);
    return Error(ErrorCode::kBadImage, StrCat("no document ", name));
  }
  Result<std::unique_ptr<PageFileReader>> OpenPages(const std::string& pages,
                                                    const std::string& pagemap) const override {
    if (pages != "pages-7.bin" || pagemap != "pagemap-7.bin")
      return Error(ErrorCode::kBadImage, "no page file");
    return std::unique_ptr<PageFileReader>(new Pages);
  }
  Status Verify() const override {
    if (broken) return Error(ErrorCode::kBadImage, "files.json: checksum differs");
    return Ok();
  }

  ProcessDocument process;
  FilesDocument files;
  bool broken = false;

 private:
  class Pages final : public PageFileReader {
   public:
    std::span<const PageExtent> extents() const override { return extents_; }
    int fd() const override { return -1; }

   private:
    std::vector<PageExtent> extents_ = {
        {.address = 0x2000, .pages = 1, .file_offset = 0, .flags = 0},
        {.address = 0x5000, .pages = 2, .file_offset = 0, .flags = 0}};
  };

  Manifest manifest_;
  testing::FakeAttachments attachments_;
};

struct Answer {
  int status = -1;
  std::string out;
  std::string err;
};

Answer Inspect(std::vector<std::string> words, bool broken = false) {
  std::ostringstream out;
  std::ostringstream err;
  const auto open = [&](const std::string& dir) -> Result<std::unique_ptr<ImageReader>> {
    if (dir != "x.image") return Error(ErrorCode::kBadImage, "not an image");
    auto image = std::make_unique<FakeImage>();
    image->broken = broken;
    return std::unique_ptr<ImageReader>(std::move(image));
  };
  const int status = RunInspect(words, open, Console{.out = out, .err = err});
  return {status, out.str(), err.str()};
}

TEST(Inspect, PrintsTheWholeImage) {
  const Answer answer = Inspect({"x.image"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out,
            "image    x.image, version 4, made 2024-05-06T07:08:09Z by 0.1\n"
            "host     box, Linux 6.18, x86_64\n"
            "size     100 B in 1 file\n"
            "\n"
            "process 7 job, group 7, session 1\n"
            "  1 thread\n"
            "    7 evil\\x1b[2J\n"
            "      #0  0x0000000000001010 poll+0x10 (/libc)\n"
            "      #1  0x0000000000002020 0x20 (/job)\n"
            "      #2  0x0000000000003030 ?\n"
            "  2 mappings, 24.0 KiB, 12.0 KiB saved (address, access, size, saved, kind)\n"
            "    0000000000001000-0000000000003000 r-xp    8.0 KiB    4.0 KiB  file /libc\n"
            "    0000000000005000-0000000000009000 rw-s   16.0 KiB    8.0 KiB  anonymous\n"
            "  3 descriptors\n"
            "      0 regular path=/etc/passwd extents=[1] flags=2\n"
            "      3 as 0 (close-on-exec)\n"
            "      4 ? (there is no file 9)\n");
}

TEST(Inspect, HasItAllInJson) {
  const Answer answer = Inspect({"x.image", "--json"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("\"saved_bytes\":12288"));
  EXPECT_THAT(answer.out, HasSubstr("\"symbol\":\"poll\""));
  EXPECT_THAT(answer.out, HasSubstr("\"hostname\":\"box\""));
  EXPECT_THAT(answer.out, HasSubstr("\"path\":\"/etc/passwd\""));
}

TEST(Inspect, SaysWhatAProcessShares) {
  FakeImage image;
  image.process.shared.descriptors = 3;
  image.process.shared.filesystem = 4;
  const auto contents = ImageContents::Read(image);
  ASSERT_TRUE(contents.has_value());
  const std::string text = InspectText("x", contents.value());
  EXPECT_THAT(text, HasSubstr("  shares a descriptor table with process 3\n  shares a working directory with process 4\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("descriptors\n")));
}

TEST(Inspect, Verifies) {
  EXPECT_EQ(Inspect({"x.image", "--verify"}).out,
            "x.image: 1 file, 100 B, every checksum is right\n");
  const Answer broken = Inspect({"x.image", "--verify"}, true);
  EXPECT_EQ(broken.status, 65);
  EXPECT_EQ(broken.err, "inspect: x.image: files.json: checksum differs\n");
}

TEST(Inspect, SaysWhatIsWrong) {
  const Answer answer = Inspect({"y.image", "--json"});
  EXPECT_EQ(answer.status, 65);
  EXPECT_THAT(answer.out, HasSubstr("\"class\":\"bad image\""));
  FakeImage image;
  image.process.pages = "other";
  EXPECT_THAT(ImageContents::Read(image), FailsWith(ErrorCode::kBadImage, "reading process 7"));
}

TEST(SavedBytes, SurvivesHostileExtents) {
  std::vector<MappingDocument> mappings(2);
  mappings[0].start = 0x1000;
  mappings[0].end = 0x3000;
  mappings[1].start = 0x2000;
  mappings[1].end = 0x1000;  // Nonsense.
  const std::vector<PageExtent> extents = {
      {.address = 0x2000, .pages = UINT64_MAX, .file_offset = 0, .flags = 0}};
  EXPECT_THAT(SavedBytes(mappings, extents, 4096), ElementsAre(0x1000, 0));
  EXPECT_THAT(SavedBytes(mappings, {}, 4096), ElementsAre(0, 0));
}

TEST(StateText, CutsTheRestButNeverThePath) {
  const std::string path(300, 'p');
  const Value state(Value::Object{{"a", Value(std::string(50, 'a'))}, {"path", Value(path)}});
  EXPECT_EQ(StateText(state), "path=" + path + "...");
  EXPECT_EQ(StateText(Value(Value::Object{{"on", Value(true)}, {"off", Value(false)}})), "on");
  EXPECT_EQ(StateText(Value(3)), "");
}

}  // namespace
}  // namespace tardigrade
