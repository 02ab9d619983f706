#ifndef PLUGINS_PTY_PTY_NUMBER_H_
#define PLUGINS_PTY_PTY_NUMBER_H_

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::pty {

inline constexpr const char* kPtsDirectory = "/dev/pts";

std::string PtsPath(uint32_t number);

// A fresh pseudoterminal's master, unlocked.
Result<ScopedFd> OpenAnyPty();

// The one with this very number.  The kernel gives the lowest that is free (fs/devpts/inode.c,
// devpts_new_index()).  Errors: kSystem if it is taken.
Result<ScopedFd> OpenPty(uint32_t number);

// The other side of `master`.
Result<ScopedFd> OpenPeer(int master, uint64_t flags);

// Mounts a devpts in which all numbers are free, in a mount namespace of the job's own.  It is mounted
// as the present one is.
Status MountFreshDevpts(CreateContext& context);

// The options for that, from /proc/self/mountinfo: "mode=620,gid=5,ptmxmode=666".
std::string DevptsOptions(const std::string& mountinfo);

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_PTY_NUMBER_H_
