#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "supervisor/image/attachment_file.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/disk_file.h"
#include "supervisor/image/image_dir.h"
#include "supervisor/image/image_store.h"
#include "supervisor/image/json.h"
#include "supervisor/image/page_file_writer.h"
#include "supervisor/image/partial_dir.h"

namespace tardigrade {
namespace {

// The table of files, shared with page writers, which may outlive the image writer.
struct FileTable {
  mutable std::mutex mutex;  // Of all that follows.
  std::vector<ImageFile> files;
  std::set<std::string> open_pages;  // Not closed yet.

  uint64_t bytes() const {
    std::lock_guard lock(mutex);
    uint64_t sum = 0;
    for (const ImageFile& file : files) sum += file.size;
    return sum;
  }
};

class Writer final : public ImageWriter {
 public:
  Writer(std::unique_ptr<ImageTarget> target, std::unique_ptr<OutputFile> data)
      : target_(std::move(target)), attachments_(std::move(data)) {}

  AttachmentWriter& attachments() override { return attachments_; }

  Result<std::unique_ptr<PageFileWriter>> CreatePages(const std::string& name) override {
    const std::string pages = image_dir::PagesName(name), pagemap = image_dir::PagemapName(name);
    ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> pages_file, target_->CreateFile(pages));
    ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> pagemap_file, target_->CreateFile(pagemap));
    {
      std::lock_guard lock(table_->mutex);
      table_->open_pages.insert(name);
    }
    const auto on_close = [table = table_, name, pages, pagemap](const PageFileSummary& summary) {
      std::lock_guard lock(table->mutex);
      table->files.push_back(
          {.name = pages, .size = summary.pages_bytes, .checksum = summary.pages_checksum});
      table->files.push_back(
          {.name = pagemap, .size = summary.pagemap_bytes, .checksum = summary.pagemap_checksum});
      table->open_pages.erase(name);
    };
    return CreatePageFile(std::move(pages_file), std::move(pagemap_file), on_close);
  }

  Status WriteDocument(const std::string& name, const Value& document) override {
    if (name == image_dir::kManifest || name == image_dir::kManifestSum)
      return Error(ErrorCode::kInternal, StrCat(name, " is written by Commit()"));
    ASSIGN_OR_RETURN(ImageFile file, WriteText(name, FormatJson(document)));
    std::lock_guard lock(table_->mutex);
    table_->files.push_back(std::move(file));
    return Ok();
  }

  Status Commit(Manifest manifest) override {
    if (std::exchange(committed_, true)) return Error(ErrorCode::kInternal, "committed twice");
    {
      std::lock_guard lock(table_->mutex);
      if (!table_->open_pages.empty())
        return Error(ErrorCode::kInternal,
                     StrCat("the pages of ", *table_->open_pages.begin(), " were not closed"));
      manifest.files = table_->files;
    }
    manifest.files.push_back({.name = std::string(image_dir::kData),
                              .size = attachments_.bytes(),
                              .checksum = attachments_.checksum()});
    const std::string text = FormatJson(Encode(manifest), JsonStyle::kIndented);
    RETURN_IF_ERROR(WriteText(std::string(image_dir::kManifest), text));
    RETURN_IF_ERROR(WriteText(std::string(image_dir::kManifestSum),
                              image_dir::FormatSum(Checksum(std::as_bytes(std::span(text))))));
    manifest_bytes_ = text.size();
    return target_->Publish();
  }

  uint64_t bytes_written() const override {
    return table_->bytes() + attachments_.bytes() + manifest_bytes_;
  }

 private:
  Result<ImageFile> WriteText(const std::string& name, const std::string& text) {
    const std::span bytes = std::as_bytes(std::span(text));
    ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file, target_->CreateFile(name));
    RETURN_IF_ERROR(file->Write(bytes, 0), "writing ", name);
    RETURN_IF_ERROR(file->Finish(bytes.size()));
    return ImageFile{.name = name, .size = text.size(), .checksum = Checksum(bytes)};
  }

  const std::unique_ptr<ImageTarget> target_;
  AttachmentFileWriter attachments_;
  const std::shared_ptr<FileTable> table_ = std::make_shared<FileTable>();
  uint64_t manifest_bytes_ = 0;
  bool committed_ = false;
};

class DirTarget final : public ImageTarget {
 public:
  explicit DirTarget(PartialDir dir) : dir_(std::move(dir)) {}

  Result<std::unique_ptr<OutputFile>> CreateFile(const std::string& name) override {
    ASSIGN_OR_RETURN(ScopedFd fd, dir_.CreateFile(name));
    return MakeDiskFile(std::move(fd));
  }
  Status Publish() override { return dir_.Publish(); }

 private:
  PartialDir dir_;
};

}  // namespace

Result<std::unique_ptr<ImageWriter>> ImageWriter::Create(const std::string& dir, bool overwrite,
                                                         Durability durability) {
  ASSIGN_OR_RETURN(PartialDir partial, PartialDir::Create(dir, overwrite, durability));
  return CreateIn(std::make_unique<DirTarget>(std::move(partial)));
}

Result<std::unique_ptr<ImageWriter>> ImageWriter::CreateIn(std::unique_ptr<ImageTarget> target) {
  ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> data, target->CreateFile(std::string(image_dir::kData)));
  return std::unique_ptr<ImageWriter>(std::make_unique<Writer>(std::move(target), std::move(data)));
}

}  // namespace tardigrade
