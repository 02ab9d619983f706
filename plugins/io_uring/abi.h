#ifndef PLUGINS_IO_URING_ABI_H_
#define PLUGINS_IO_URING_ABI_H_

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace tardigrade::io_uring {

inline constexpr std::string_view kLink = "anon_inode:[io_uring]";

// include/uapi/linux/io_uring.h, of Linux 6.18: what older headers lack.
inline constexpr uint32_t kSetupSingleIssuer = 1u << 12;
inline constexpr uint32_t kSetupDeferTaskrun = 1u << 13;
inline constexpr uint32_t kSetupNoSqArray = 1u << 16;
inline constexpr uint32_t kRegisterPbufStatus = 26;
inline constexpr uint32_t kEnterRegisteredRing = 1u << 4;

inline constexpr uint32_t kMostSqEntries = 32768;  // IORING_MAX_ENTRIES
inline constexpr uint32_t kMostCqEntries = 2 * kMostSqEntries;
inline constexpr int kRegisteredRings = 16;  // IO_RINGFD_REG_MAX, per thread.

inline int Setup(uint32_t entries, io_uring_params& params) {
  return static_cast<int>(syscall(SYS_io_uring_setup, entries, &params));
}
inline long Enter(int ring, uint32_t submit, uint32_t flags = 0, const void* arg = nullptr,
                  size_t bytes = 0) {
  return syscall(SYS_io_uring_enter, ring, submit, 0, flags, arg, bytes);
}
inline long Register(int ring, uint32_t op, const void* arg, uint32_t count) {
  return syscall(SYS_io_uring_register, ring, op, arg, count);
}

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_ABI_H_
