#include "supervisor/image/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/image/image_dir.h"

namespace tardigrade {
namespace {

constexpr size_t kMaxFiles = size_t{1} << 20;
// Documents and page maps: see protocols/README.md.
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;
// Threads that send at once may overtake each other by a few buffers.
constexpr uint64_t kMaxAheadBytes = uint64_t{64} << 20;

Error Bad(std::string what) { return Error(ErrorCode::kBadImage, std::move(what)); }

bool IsLarge(const std::string& name) {
  return image_dir::IsPageFile(name) || name == image_dir::kData;
}

Result<ScopedFd> MakeMemoryFile(const std::string& name) {
  ScopedFd fd(memfd_create(name.substr(0, 200).c_str(), MFD_CLOEXEC));
  if (!fd.valid()) return Error::Errno("making a memory file for ", name);
  return fd;
}

}  // namespace

Result<size_t> MemoryImage::Create(const std::string& name) {
  if (!image_dir::IsFileName(name)) return Bad("malformed file name in the image");
  if (files_.size() >= kMaxFiles) return Bad("too many files");
  if (numbers_.contains(name)) return Bad(StrCat(name, " comes twice"));
  File file;
  file.name = name;
  if (IsLarge(name)) {
    ASSIGN_OR_RETURN(file.memory, MakeMemoryFile(name));
  }
  numbers_.emplace(name, files_.size());
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

Status MemoryImage::Write(size_t number, std::span<const std::byte> bytes, uint64_t offset) {
  if (number >= files_.size()) return Bad(StrCat("data of file ", number, ", which there is not"));
  File& file = files_[number];
  if (offset > file.came + kMaxAheadBytes)
    return Bad(StrCat(file.name, ": data at offset ", offset, " when ", file.came, " bytes have come"));
  const uint64_t end = offset + bytes.size();
  const uint64_t growth = std::max(end, file.size) - file.size;  // Gaps take memory as well.
  if (growth > max_bytes_ - bytes_)
    return Error(ErrorCode::kSystem, StrCat("the image has more than ", max_bytes_, " bytes, which is what this machine has room for"));
  if (file.memory.valid()) {
    RETURN_IF_ERROR(PwriteAll(file.memory.get(), bytes, offset), "keeping ", file.name, " in memory");
  } else {
    if (end > kMaxTextBytes) return Bad(StrCat(file.name, " is too large"));
    if (end > file.text.size()) file.text.resize(end);
    std::copy(bytes.begin(), bytes.end(), file.text.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  file.size += growth;
  file.came += bytes.size();
  bytes_ += growth;
  return Ok();
}

Status MemoryImage::CheckWhole() const {
  for (const File& file : files_) {
    if (file.came != file.size)
      return Bad(StrCat(file.name, ": ", file.came, " bytes came of ", file.size));
  }
  return Ok();
}

Result<const MemoryImage::File*> MemoryImage::Find(const std::string& name) const {
  const auto it = numbers_.find(name);
  if (it == numbers_.end()) return Bad(name + " is missing");
  return &files_[it->second];
}

Result<ScopedFd> MemoryImage::Open(const std::string& name) const {
  ASSIGN_OR_RETURN(const File* const file, Find(name));
  if (file->memory.valid()) {
    ScopedFd fd(fcntl(file->memory.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd.valid()) return Error::Errno("opening ", name);
    return fd;
  }
  ASSIGN_OR_RETURN(ScopedFd fd, MakeMemoryFile(name));
  RETURN_IF_ERROR(PwriteAll(fd.get(), file->text, 0), "opening ", name);
  return fd;
}

Result<uint64_t> MemoryImage::SizeOf(const std::string& name) const {
  ASSIGN_OR_RETURN(const File* const file, Find(name));
  return file->size;
}

}  // namespace tardigrade
