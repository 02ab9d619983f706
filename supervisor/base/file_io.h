#ifndef SUPERVISOR_BASE_FILE_IO_H_
#define SUPERVISOR_BASE_FILE_IO_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// The whole of a file, also one of /proc whose size reads 0.  Refuses (kSystem, EFBIG)
// to read more than `max_bytes`.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = size_t{256} << 20);

// readlink(2), whatever the length.
Result<std::string> ReadLink(const std::string& path);

// open(2) with O_CLOEXEC added.
Result<ScopedFd> OpenFile(const std::string& path, int flags, unsigned mode = 0);

// Writes a new or truncated file.
Status WriteFile(const std::string& path, const std::string& text);

// All of `bytes` at `offset`; retries short transfers.  Reading past the end is kSystem, EIO.
Status PwriteAll(int fd, std::span<const std::byte> bytes, uint64_t offset);
Status PreadAll(int fd, std::span<std::byte> bytes, uint64_t offset);

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_FILE_IO_H_
