#include "plugins/regular_file/mapped_contents.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>
#include <vector>

#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::regular_file {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr uint64_t kPageBytes = 4096;

// Shared mappings of the same file first.
Result<std::vector<MemoryMapping>> MappingsOfFile(pid_t pid, const MemoryMapping& mapping) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/", pid, "/maps")));
  ASSIGN_OR_RETURN(std::vector<MemoryMapping> all, ParseMaps(text));
  std::erase_if(all, [&](const MemoryMapping& other) {
    return other.dev != mapping.dev || other.inode != mapping.inode;
  });
  std::sort(all.begin(), all.end(), [](const MemoryMapping& a, const MemoryMapping& b) {
    return std::tuple(!a.shared, a.offset) < std::tuple(!b.shared, b.offset);
  });
  return all;
}

// Reads a file through the memory it is mapped into, a chunk at a time.
class MappedFileReader {
 public:
  MappedFileReader(ScopedFd memory, AttachmentWriter& attachments)
      : memory_(std::move(memory)), attachments_(attachments), buffer_(kChunkBytes) {}

  // What is not there yet of [from, to), bytes of the file, which `mapping` maps.
  Status Add(const MemoryMapping& mapping, uint64_t from, uint64_t to) {
    while (from < to) {
      const auto next = have_.upper_bound(from);
      if (next != have_.begin() && std::prev(next)->second > from) {
        from = std::prev(next)->second;
        continue;
      }
      const uint64_t until = next == have_.end() ? to : std::min(to, next->first);
      ASSIGN_OR_RETURN(const uint64_t got, AddChunk(mapping, from, until));
      if (got == 0) return Ok();  // Behind the file's end.
      from += got;
    }
    return Ok();
  }

  FileContents TakeContents() {
    for (const auto& [from, to] : have_) contents_.size = std::max(contents_.size, to);
    return std::move(contents_);
  }

 private:
  Result<uint64_t> AddChunk(const MemoryMapping& mapping, uint64_t from, uint64_t to) {
    const size_t want = std::min<uint64_t>(to - from, buffer_.size());
    const uint64_t address = mapping.start + (from - mapping.offset);
    // Ends short of the first page that cannot be read; at once if that is the first (EIO).
    const ssize_t n = pread(memory_.get(), buffer_.data(), want, static_cast<off_t>(address));
    if (n < 0 && errno != EIO && errno != EFAULT)
      return Error::Errno("reading ", mapping.path, " at ", Hex(address));
    const uint64_t got = n < 0 ? 0 : static_cast<uint64_t>(n) / kPageBytes * kPageBytes;
    if (got == 0) return got;
    RETURN_IF_ERROR(PutData(std::span(buffer_).first(got), from));
    have_[from] = from + got;
    return got;
  }

  // Holes read as zeros; pages of zeros become holes.
  Status PutData(std::span<const std::byte> bytes, uint64_t file_offset) {
    const auto is_zero = [&](size_t at) {
      const std::span page = bytes.subspan(at, kPageBytes);
      return std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{0}; });
    };
    for (size_t at = 0; at < bytes.size();) {
      size_t end = at;
      while (end < bytes.size() && !is_zero(end)) end += kPageBytes;
      if (end > at) {
        ASSIGN_OR_RETURN(const Attachment data, attachments_.Put(bytes.subspan(at, end - at)));
        contents_.extents.push_back({.file_offset = file_offset + at, .data = data});
      }
      at = end + kPageBytes;
    }
    return Ok();
  }

  const ScopedFd memory_;
  AttachmentWriter& attachments_;
  std::vector<std::byte> buffer_;
  FileContents contents_;
  std::map<uint64_t, uint64_t> have_;  // From, to; bytes of the file.
};

}  // namespace

Result<std::string> AddMappedContents(pid_t pid, const MemoryMapping& mapping,
                                      CollectContext& context) {
  std::string key = StrCat("inode:", mapping.dev, ":", mapping.inode);
  const auto collect = [&]() -> Result<Value> {
    ASSIGN_OR_RETURN(const std::vector<MemoryMapping> mappings, MappingsOfFile(pid, mapping));
    ASSIGN_OR_RETURN(ScopedFd memory, OpenFile(StrCat("/proc/", pid, "/mem"), O_RDONLY));
    MappedFileReader reader(std::move(memory), context.attachments());
    for (const MemoryMapping& other : mappings)
      RETURN_IF_ERROR(reader.Add(other, other.offset, other.offset + other.size_bytes()));
    DeletedFileState state;
    const size_t slash = mapping.path.rfind('/');
    state.directory =
        slash == 0 || slash == std::string::npos ? "/" : mapping.path.substr(0, slash);
    state.key = key;
    state.attributes.mode = 0600;
    state.attributes.uid = geteuid();
    state.attributes.gid = getegid();
    state.contents = reader.TakeContents();
    std::sort(state.contents.extents.begin(), state.contents.extents.end(),
              [](const auto& a, const auto& b) { return a.file_offset < b.file_offset; });
    context.Warn(
        StrCat(mapping.path,
               ", which the process has mapped, has no name any more: saved is what is mapped "
               "of it; with root (CAP_CHECKPOINT_RESTORE) all of it would be"));
    return Encode(state);
  };
  RETURN_IF_ERROR(context.AddObject(key, "deleted_file", collect), "saving the deleted file ",
                  mapping.path);
  return key;
}

}  // namespace tardigrade::regular_file
