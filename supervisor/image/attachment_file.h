#ifndef SUPERVISOR_IMAGE_ATTACHMENT_FILE_H_
#define SUPERVISOR_IMAGE_ATTACHMENT_FILE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/image_target.h"

namespace tardigrade {

// data.bin being written: attachments one after the other.
class AttachmentFileWriter final : public AttachmentWriter {
 public:
  explicit AttachmentFileWriter(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}

  Result<Attachment> Put(std::span<const std::byte> bytes) override;
  Result<FileContents> PutFile(int local_fd) override;

  uint64_t bytes() const { return bytes_; }
  uint64_t checksum() const { return checksum_.Digest(); }  // Of the whole file.

 private:
  Status Append(std::span<const std::byte> bytes);
  // The run [from, to) of a file, streamed.
  Result<Attachment> PutRun(int file_fd, uint64_t from, uint64_t to);

  const std::unique_ptr<OutputFile> file_;
  uint64_t bytes_ = 0;
  ChecksumStream checksum_;
};

// data.bin being read.
class AttachmentFileReader final : public AttachmentReader {
 public:
  AttachmentFileReader(ScopedFd fd, uint64_t bytes) : fd_(std::move(fd)), bytes_(bytes) {}

  Result<std::vector<std::byte>> Get(const Attachment& attachment,
                                     uint64_t max_bytes) const override;
  Status FillFile(const FileContents& contents, int local_fd) const override;
  Result<bool> HasContents(const FileContents& contents, int local_fd) const override;

 private:
  Status CheckRange(const Attachment& attachment) const;
  Status CheckContents(const FileContents& contents) const;
  Status CopyRun(const ContentExtent& extent, int local_fd) const;

  const ScopedFd fd_;
  const uint64_t bytes_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_ATTACHMENT_FILE_H_
