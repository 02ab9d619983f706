#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/image/attachment_file.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/image_dir.h"
#include "supervisor/image/image_source.h"
#include "supervisor/image/image_store.h"
#include "supervisor/image/json.h"
#include "supervisor/image/page_file_reader.h"

namespace tardigrade {
namespace {

constexpr uint64_t kMaxManifestBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxDocumentBytes = uint64_t{256} << 20;

using FileTable = std::map<std::string, ImageFile, std::less<>>;

Error Bad(std::string what) { return Error(ErrorCode::kBadImage, std::move(what)); }

class DirSource final : public ImageSource {
 public:
  explicit DirSource(ScopedFd dir_fd) : dir_fd_(std::move(dir_fd)) {}
  bool Has(const std::string& name) const override {
    return faccessat(dir_fd_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }
  Result<ScopedFd> Open(const std::string& name) const override {
    return image_dir::OpenForReading(dir_fd_.get(), name);
  }
  Result<uint64_t> SizeOf(const std::string& name) const override {
    ASSIGN_OR_RETURN(const ScopedFd fd, Open(name));
    return image_dir::SizeOf(fd.get(), name);
  }

 private:
  const ScopedFd dir_fd_;
};

Result<std::string> ReadText(const ImageSource& source, const std::string& name, uint64_t max_bytes) {
  ASSIGN_OR_RETURN(const ScopedFd fd, source.Open(name));
  ASSIGN_OR_RETURN(const uint64_t bytes, image_dir::SizeOf(fd.get(), name));
  if (bytes > max_bytes) return Bad(StrCat(name, " is too large: ", bytes, " bytes"));
  std::string text(bytes, '\0');
  RETURN_IF_ERROR(PreadAll(fd.get(), std::as_writable_bytes(std::span(text)), 0), "reading ", name);
  return text;
}

uint64_t ChecksumOf(const std::string& text) { return Checksum(std::as_bytes(std::span(text))); }

// Format and version come first: nothing else in an unknown version has a known meaning.
Status CheckVersion(const Value& manifest) {
  const Value* format = manifest.Find("format");
  if (format == nullptr || *format != Value(kImageFormat))
    return Bad(StrCat("manifest.json is not that of a ", kImageFormat));
  const Value* version = manifest.Find("version");
  if (version == nullptr || version->AsUnsigned() == nullptr)
    return Bad("manifest.json has no version");
  if (*version->AsUnsigned() != kImageVersion)
    return Bad(StrCat("image version ", *version->AsUnsigned(), "; this build reads version ",
                      kImageVersion));
  return Ok();
}

// Every name once, and of a file that is there with this size.
Result<FileTable> CheckFiles(const ImageSource& source, const Manifest& manifest) {
  FileTable table;
  for (const ImageFile& file : manifest.files) {
    ASSIGN_OR_RETURN(const uint64_t bytes, source.SizeOf(file.name));
    if (bytes != file.size)
      return Bad(StrCat(file.name, " has ", bytes, " bytes instead of ", file.size));
    if (!table.emplace(file.name, file).second) return Bad(StrCat(file.name, " is listed twice"));
  }
  if (!table.contains(image_dir::kData)) return Bad("data.bin is not listed");
  for (const ManifestProcess& process : manifest.processes) {
    if (!table.contains(process.document))
      return Bad(StrCat("the document of process ", process.pid, " is not listed"));
  }
  return table;
}

class Reader final : public ImageReader {
 public:
  Reader(std::shared_ptr<const ImageSource> source, Manifest manifest, FileTable table, ScopedFd data,
         uint64_t data_bytes)
      : source_(std::move(source)),
        manifest_(std::move(manifest)),
        table_(std::move(table)),
        attachments_(std::move(data), data_bytes) {}

  const Manifest& manifest() const override { return manifest_; }
  const AttachmentReader& attachments() const override { return attachments_; }

  Result<Value> ReadDocument(const std::string& name) const override {
    ASSIGN_OR_RETURN(const ImageFile* entry, Find(name));
    ASSIGN_OR_RETURN(const std::string text, ReadText(*source_, name, kMaxDocumentBytes));
    if (text.size() != entry->size || ChecksumOf(text) != entry->checksum)
      return Bad(StrCat(name, " is corrupt: its checksum differs"));
    return ParseJson(text, name, {.bytes = kMaxDocumentBytes});
  }

  Result<std::unique_ptr<PageFileReader>> OpenPages(const std::string& pages,
                                                    const std::string& pagemap) const override {
    ASSIGN_OR_RETURN(const ImageFile* pages_entry, Find(pages));
    ASSIGN_OR_RETURN(const ImageFile* pagemap_entry, Find(pagemap));
    if (!image_dir::IsPageFile(pages)) return Bad(StrCat(pages, " does not name a page file"));
    ASSIGN_OR_RETURN(const ScopedFd pagemap_fd, OpenFileOfTable(*pagemap_entry));
    RETURN_IF_ERROR(VerifyStream(pagemap_fd.get(), *pagemap_entry));
    ASSIGN_OR_RETURN(ScopedFd pages_fd, OpenFileOfTable(*pages_entry));
    ASSIGN_OR_RETURN(std::unique_ptr<PageFileReader> reader,
                     OpenPageFile(std::move(pages_fd), pagemap_fd.get()), "reading ", pagemap);
    if (Checksum(std::as_bytes(reader->frame_checksums())) != pages_entry->checksum)
      return Bad(StrCat(pagemap, " does not belong to ", pages));
    return reader;
  }

  Status Verify() const override {
    for (const auto& [name, entry] : table_) {
      if (image_dir::IsPageFile(name)) {
        const std::string pagemap = image_dir::PagemapName(name.substr(6, name.size() - 10));
        ASSIGN_OR_RETURN(const std::unique_ptr<PageFileReader> reader, OpenPages(name, pagemap));
        RETURN_IF_ERROR(VerifyFrames(*reader), "verifying ", name);
      } else {
        ASSIGN_OR_RETURN(const ScopedFd fd, OpenFileOfTable(entry));
        RETURN_IF_ERROR(VerifyStream(fd.get(), entry));
      }
    }
    return Ok();
  }

 private:
  Result<const ImageFile*> Find(const std::string& name) const {
    const auto it = table_.find(name);
    if (it == table_.end()) return Bad("the manifest lists no such file: " + name);
    return &it->second;
  }

  Result<ScopedFd> OpenFileOfTable(const ImageFile& entry) const {
    ASSIGN_OR_RETURN(ScopedFd fd, source_->Open(entry.name));
    ASSIGN_OR_RETURN(const uint64_t bytes, image_dir::SizeOf(fd.get(), entry.name));
    if (bytes != entry.size) return Bad(StrCat(entry.name, " has changed its size"));
    return fd;
  }

  static Status VerifyStream(int fd, const ImageFile& entry) {
    std::vector<std::byte> piece(std::min<uint64_t>(entry.size, uint64_t{1} << 20));
    ChecksumStream checksum;
    for (uint64_t done = 0; done < entry.size;) {
      const std::span now = std::span(piece).first(std::min(piece.size(), entry.size - done));
      RETURN_IF_ERROR(PreadAll(fd, now, done), "reading ", entry.name);
      checksum.Add(now);
      done += now.size();
    }
    if (checksum.Digest() != entry.checksum)
      return Bad(StrCat(entry.name, " is corrupt: its checksum differs"));
    return Ok();
  }

  const std::shared_ptr<const ImageSource> source_;
  const Manifest manifest_;
  const FileTable table_;
  const AttachmentFileReader attachments_;
};

Result<ScopedFd> OpenImageDir(const std::string& dir) {
  Result<ScopedFd> fd = OpenFile(dir, O_RDONLY | O_DIRECTORY);
  if (!fd.has_value() && fd.error().errno_value() == ENOTDIR)
    return Bad(StrCat(dir, " is no image: it is not a directory"));
  if (!fd.has_value() && fd.error().errno_value() == ENOENT)
    return Bad(StrCat("there is no image ", dir));
  return fd;
}

Result<Manifest> ReadManifest(const ImageSource& source) {
  const std::string name(image_dir::kManifest), sum_name(image_dir::kManifestSum);
  if (!source.Has(name))
    return Bad("it has no manifest.json: it is no image, or was not finished");
  ASSIGN_OR_RETURN(const std::string text, ReadText(source, name, kMaxManifestBytes));
  ASSIGN_OR_RETURN(const Value value, ParseJson(text, name, {.bytes = kMaxManifestBytes}));
  RETURN_IF_ERROR(CheckVersion(value));
  ASSIGN_OR_RETURN(const std::string sum, ReadText(source, sum_name, 64));
  if (sum != image_dir::FormatSum(ChecksumOf(text)))
    return Bad("manifest.json is corrupt: its checksum differs from manifest.sum");
  return Decode<Manifest>(value, "manifest");
}

}  // namespace

Result<std::unique_ptr<ImageReader>> ImageReader::OpenIn(std::shared_ptr<const ImageSource> source) {
  ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(*source));
  ASSIGN_OR_RETURN(FileTable table, CheckFiles(*source, manifest));
  const std::string data_name(image_dir::kData);
  ASSIGN_OR_RETURN(ScopedFd data, source->Open(data_name));
  ASSIGN_OR_RETURN(const uint64_t data_bytes, image_dir::SizeOf(data.get(), data_name));
  return std::unique_ptr<ImageReader>(std::make_unique<Reader>(
      std::move(source), std::move(manifest), std::move(table), std::move(data), data_bytes));
}

Result<std::unique_ptr<ImageReader>> ImageReader::Open(const std::string& dir) {
  const auto open = [&]() -> Result<std::unique_ptr<ImageReader>> {
    ASSIGN_OR_RETURN(ScopedFd dir_fd, OpenImageDir(dir));
    return OpenIn(std::make_shared<DirSource>(std::move(dir_fd)));
  };
  Result<std::unique_ptr<ImageReader>> reader = open();
  if (!reader.has_value()) return std::move(reader).error().While(StrCat("opening image ", dir));
  return reader;
}

}  // namespace tardigrade
