#ifndef TESTS_TESTING_IMAGE_FIXTURE_H_
#define TESTS_TESTING_IMAGE_FIXTURE_H_

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/image_store.h"

namespace tardigrade::testing {

inline std::vector<std::byte> RandomBytes(size_t n, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(n);
  for (size_t i = 0; i < n; i += 8) {
    const uint64_t word = random();
    std::memcpy(&bytes[i], &word, std::min<size_t>(8, n - i));
  }
  return bytes;
}

// A directory for images, and a small image with one of everything.
class ImageFixture : public ::testing::Test {
 protected:
  ImageFixture() {
    std::string path = ::testing::TempDir() + "/imageXXXXXX";
    root_ = mkdtemp(path.data());
  }
  ~ImageFixture() override { std::filesystem::remove_all(root_); }

  std::string dir() const { return root_ + "/job.image"; }
  const std::vector<std::byte>& example_bytes() const { return bytes_; }
  Attachment example_attachment() const { return attachment_; }

  static Value ExampleDocument() {
    return Value(Value::Object{{"big", Value(UINT64_MAX)}, {"path", Value("/\xff")}});
  }
  static Manifest ExampleManifest(int pid = 7) {
    Manifest manifest;
    manifest.root_pid = pid;
    manifest.host.page_size = 4096;
    manifest.processes.push_back({.pid = pid, .comm = "job", .document = "process-7.json"});
    return manifest;
  }

  Status WriteExample(const std::string& dir, bool overwrite = false, int pid = 7,
                      Durability durability = Durability::kDurable) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ImageWriter> writer,
                     ImageWriter::Create(dir, overwrite, durability));
    ASSIGN_OR_RETURN(attachment_, writer->attachments().Put(bytes_));
    RETURN_IF_ERROR(writer->WriteDocument("process-7.json", ExampleDocument()));
    ASSIGN_OR_RETURN(const std::unique_ptr<PageFileWriter> pages, writer->CreatePages("7"));
    RETURN_IF_ERROR(pages->Write(pages_, 0x10000, 0));
    RETURN_IF_ERROR(pages->Close());
    return writer->Commit(ExampleManifest(pid));
  }

  static std::set<std::string> Names(const std::string& dir) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir))
      names.insert(entry.path().filename());
    return names;
  }

  // Changes the manifest so that only what it says is wrong, not its checksum.
  Status SetManifest(const std::string& text) {
    RETURN_IF_ERROR(WriteFile(dir() + "/manifest.json", text));
    char sum[20];
    std::snprintf(sum, sizeof(sum), "%016llx\n",
                  static_cast<unsigned long long>(Checksum(std::as_bytes(std::span(text)))));
    return WriteFile(dir() + "/manifest.sum", sum);
  }
  Status ReplaceInManifest(std::string_view from, std::string_view to) {
    ASSIGN_OR_RETURN(std::string text, ReadFile(dir() + "/manifest.json"));
    const size_t at = text.find(from);
    if (at == std::string::npos)
      return Error(ErrorCode::kInternal, StrCat("the manifest does not say ", from));
    text.replace(at, from.size(), to);
    return SetManifest(text);
  }

 private:
  std::string root_;
  const std::vector<std::byte> bytes_ = RandomBytes(10000);
  const std::vector<std::byte> pages_ = RandomBytes(5 * 4096, 2);
  Attachment attachment_;
};

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_IMAGE_FIXTURE_H_
