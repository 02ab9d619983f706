#ifndef SUPERVISOR_IMAGE_MEMORY_IMAGE_H_
#define SUPERVISOR_IMAGE_MEMORY_IMAGE_H_

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "supervisor/image/image_source.h"

namespace tardigrade {

// The files of an image that is in no file system, while it comes and afterwards.  Page data and data.bin
// are in memory files (memfd_create(2)); the rest, which is small and may be of thousands of
// processes, takes no descriptor.  Nobody is trusted who gives it anything.
class MemoryImage final : public ImageSource {
 public:
  // Takes so many bytes in all and no more.
  explicit MemoryImage(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // A new file; its number, from 0 on.  Errors: kBadImage for a malformed or known name, or too many.
  Result<size_t> Create(const std::string& name);
  // Errors: kBadImage for no such file, or data far from what it has already; kSystem where there is no
  // more memory.
  Status Write(size_t file, std::span<const std::byte> bytes, uint64_t offset);
  // Whether every file is without gaps.  Errors: kBadImage, naming the file.
  Status CheckWhole() const;

  bool Has(const std::string& name) const override { return numbers_.contains(name); }
  Result<ScopedFd> Open(const std::string& name) const override;
  Result<uint64_t> SizeOf(const std::string& name) const override;

  uint64_t bytes() const { return bytes_; }  // Of all files.

 private:
  struct File {
    std::string name;
    ScopedFd memory;              // Or else:
    std::vector<std::byte> text;
    uint64_t size = 0;
    uint64_t came = 0;  // Bytes; as many as `size` when there are no gaps.
  };
  Result<const File*> Find(const std::string& name) const;

  const uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  std::vector<File> files_;
  std::map<std::string, size_t, std::less<>> numbers_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_MEMORY_IMAGE_H_
