#include "supervisor/image/attachment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr uint64_t kMaxFileBytes = std::numeric_limits<off_t>::max();

Error Bad(const std::string& what) { return Error(ErrorCode::kBadImage, what); }

// The data run at or after `from`: [first, last); first == size when there is none.
Result<std::pair<uint64_t, uint64_t>> NextRun(int fd, uint64_t from, uint64_t size) {
  const off_t data = lseek(fd, static_cast<off_t>(from), SEEK_DATA);
  if (data < 0 && errno == ENXIO) return std::pair(size, size);
  if (data < 0) return Error::Errno("lseek to data");
  const off_t hole = lseek(fd, data, SEEK_HOLE);
  if (hole < 0) return Error::Errno("lseek to a hole");
  return std::pair(std::min(static_cast<uint64_t>(data), size),
                   std::min(static_cast<uint64_t>(hole), size));
}

// A descriptor to read `local_fd`'s file through, with an offset of its own where the file can be
// opened once more.  `offset_to_restore` is set where it cannot.
struct FileToRead {
  ScopedFd own;
  int fd = -1;
  off_t offset_to_restore = -1;
  ~FileToRead() {
    if (offset_to_restore >= 0) (void)lseek(fd, offset_to_restore, SEEK_SET);
  }
};

Status OpenToRead(int local_fd, FileToRead& file) {
  file.own = ScopedFd(open(StrCat("/proc/self/fd/", local_fd).c_str(), O_RDONLY | O_CLOEXEC));
  file.fd = file.own.valid() ? file.own.get() : local_fd;
  if (file.own.valid()) return Ok();
  const off_t offset = lseek(local_fd, 0, SEEK_CUR);
  if (offset < 0) return Error::Errno("lseek");
  file.offset_to_restore = offset;
  return Ok();
}

}  // namespace

Status AttachmentFileWriter::Append(std::span<const std::byte> bytes) {
  RETURN_IF_ERROR(file_->Write(bytes, bytes_), "writing data.bin");
  bytes_ += bytes.size();
  checksum_.Add(bytes);
  return Ok();
}

Result<Attachment> AttachmentFileWriter::Put(std::span<const std::byte> bytes) {
  const Attachment attachment{.offset = bytes_, .size = bytes.size(), .checksum = Checksum(bytes)};
  RETURN_IF_ERROR(Append(bytes));
  return attachment;
}

Result<Attachment> AttachmentFileWriter::PutRun(int file_fd, uint64_t from, uint64_t to) {
  Attachment attachment{.offset = bytes_, .size = to - from};
  ChecksumStream checksum;
  std::vector<std::byte> piece(std::min<uint64_t>(kPieceBytes, to - from));
  while (from < to) {
    const std::span now = std::span(piece).first(std::min<uint64_t>(piece.size(), to - from));
    RETURN_IF_ERROR(PreadAll(file_fd, now, from), "saving a file's contents");
    checksum.Add(now);
    RETURN_IF_ERROR(Append(now));
    from += now.size();
  }
  attachment.checksum = checksum.Digest();
  return attachment;
}

Result<FileContents> AttachmentFileWriter::PutFile(int local_fd) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
  if (!S_ISREG(st.st_mode)) return Error(ErrorCode::kInternal, "PutFile: not a regular file");
  FileToRead file;
  RETURN_IF_ERROR(OpenToRead(local_fd, file));
  FileContents contents{.size = static_cast<uint64_t>(st.st_size), .extents = {}};
  uint64_t at = 0;
  while (at < contents.size) {
    ASSIGN_OR_RETURN(const auto run, NextRun(file.fd, at, contents.size));
    if (run.first == run.second) break;
    ASSIGN_OR_RETURN(const Attachment data, PutRun(file.fd, run.first, run.second));
    contents.extents.push_back({.file_offset = run.first, .data = data});
    at = run.second;
  }
  return contents;
}

Status AttachmentFileReader::CheckRange(const Attachment& attachment) const {
  if (attachment.offset > bytes_ || attachment.size > bytes_ - attachment.offset)
    return Bad(StrCat("attachment of ", attachment.size, " bytes at ", attachment.offset,
                      " lies outside data.bin"));
  return Ok();
}

Result<std::vector<std::byte>> AttachmentFileReader::Get(const Attachment& attachment,
                                                         uint64_t max_bytes) const {
  RETURN_IF_ERROR(CheckRange(attachment));
  if (attachment.size > max_bytes)
    return Bad(StrCat("attachment of ", attachment.size, " bytes is larger than ", max_bytes));
  std::vector<std::byte> bytes(attachment.size);
  RETURN_IF_ERROR(PreadAll(fd_.get(), bytes, attachment.offset), "reading data.bin");
  if (Checksum(bytes) != attachment.checksum)
    return Bad(StrCat("attachment at ", attachment.offset, " of data.bin is corrupt"));
  return bytes;
}

Status AttachmentFileReader::CopyRun(const ContentExtent& extent, int local_fd) const {
  const Attachment& data = extent.data;
  ChecksumStream checksum;
  std::vector<std::byte> piece(std::min<uint64_t>(kPieceBytes, data.size));
  for (uint64_t done = 0; done < data.size;) {
    const std::span now =
        std::span(piece).first(std::min<uint64_t>(piece.size(), data.size - done));
    RETURN_IF_ERROR(PreadAll(fd_.get(), now, data.offset + done), "reading data.bin");
    checksum.Add(now);
    RETURN_IF_ERROR(PwriteAll(local_fd, now, extent.file_offset + done), "filling a file");
    done += now.size();
  }
  if (checksum.Digest() != data.checksum)
    return Bad(StrCat("attachment at ", data.offset, " of data.bin is corrupt"));
  return Ok();
}

Status AttachmentFileReader::CheckContents(const FileContents& contents) const {
  if (contents.size > kMaxFileBytes) return Bad(StrCat("file of ", contents.size, " bytes"));
  uint64_t end = 0;
  for (const ContentExtent& extent : contents.extents) {
    RETURN_IF_ERROR(CheckRange(extent.data));
    if (extent.file_offset < end || extent.file_offset > contents.size ||
        extent.data.size > contents.size - extent.file_offset)
      return Bad(StrCat("contents at ", extent.file_offset, " overlap or lie outside the file"));
    end = extent.file_offset + extent.data.size;
  }
  return Ok();
}

namespace {

// Data of [from, to) that is not all zeros.
Result<bool> HasBytes(int fd, uint64_t from, uint64_t to) {
  std::vector<std::byte> piece(kPieceBytes);
  while (from < to) {
    ASSIGN_OR_RETURN(const auto run, NextRun(fd, from, to));
    for (uint64_t at = run.first; at < run.second;) {
      const std::span now =
          std::span(piece).first(std::min<uint64_t>(piece.size(), run.second - at));
      RETURN_IF_ERROR(PreadAll(fd, now, at), "comparing a file");
      if (std::any_of(now.begin(), now.end(), [](std::byte b) { return b != std::byte{0}; }))
        return true;
      at += now.size();
    }
    from = std::max(run.second, run.first + 1);
  }
  return false;
}

Result<bool> HasRun(int fd, const ContentExtent& extent) {
  ChecksumStream checksum;
  std::vector<std::byte> piece(std::min<uint64_t>(kPieceBytes, extent.data.size));
  for (uint64_t done = 0; done < extent.data.size;) {
    const std::span now =
        std::span(piece).first(std::min<uint64_t>(piece.size(), extent.data.size - done));
    RETURN_IF_ERROR(PreadAll(fd, now, extent.file_offset + done), "comparing a file");
    checksum.Add(now);
    done += now.size();
  }
  return checksum.Digest() == extent.data.checksum;
}

}  // namespace

Result<bool> AttachmentFileReader::HasContents(const FileContents& contents, int local_fd) const {
  RETURN_IF_ERROR(CheckContents(contents));
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
  if (static_cast<uint64_t>(st.st_size) != contents.size) return false;
  uint64_t at = 0;
  for (const ContentExtent& extent : contents.extents) {
    ASSIGN_OR_RETURN(const bool differs, HasBytes(local_fd, at, extent.file_offset));
    if (differs) return false;
    ASSIGN_OR_RETURN(const bool same, HasRun(local_fd, extent));
    if (!same) return false;
    at = extent.file_offset + extent.data.size;
  }
  ASSIGN_OR_RETURN(const bool differs, HasBytes(local_fd, at, contents.size));
  return !differs;
}

Status AttachmentFileReader::FillFile(const FileContents& contents, int local_fd) const {
  RETURN_IF_ERROR(CheckContents(contents));
  // To nothing first: what lies between the runs must be holes.
  if (ftruncate(local_fd, 0) != 0 || ftruncate(local_fd, static_cast<off_t>(contents.size)) != 0)
    return Error::Errno("setting a file's size to ", contents.size);
  for (const ContentExtent& extent : contents.extents) RETURN_IF_ERROR(CopyRun(extent, local_fd));
  return Ok();
}

}  // namespace tardigrade
