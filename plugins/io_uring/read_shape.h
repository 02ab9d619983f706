#ifndef PLUGINS_IO_URING_READ_SHAPE_H_
#define PLUGINS_IO_URING_READ_SHAPE_H_

#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/ring_info.h"
#include "supervisor/base/result.h"

namespace tardigrade::io_uring {

// How the instance behind `local_fd` was set up.  `info` is of now.
//
// The kernel shows it by the form in which fdinfo lists entries.  Where there is none to list, the
// head or the tail is moved by one for the moment it takes to read that, by a process of its own
// that puts it back also if the caller is killed meanwhile.  All who use the instance must be
// frozen.  Errors: as RingMemory::Map().
Result<Shape> ReadShape(int local_fd, const RingInfo& info);

// Refuses (kUnsupported) what would not come back of how it was set up or of what is registered, by
// asking for what fails differently with it and changes nothing.
Status CheckSetup(int local_fd, const RingInfo& info, bool frozen);

// Whether only one thread may submit, and completions wait for it.
bool HasSingleIssuer(int local_fd);

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_READ_SHAPE_H_
