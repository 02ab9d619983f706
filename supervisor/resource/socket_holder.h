#ifndef SUPERVISOR_RESOURCE_SOCKET_HOLDER_H_
#define SUPERVISOR_RESOURCE_SOCKET_HOLDER_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tardigrade {

// A process that has a descriptor of the socket, as far as /proc shows it to this user.
std::optional<pid_t> FindSocketHolder(uint64_t inode);

// "process 12 (syslogd)", or "a process that cannot be found from here".
std::string DescribeSocketHolder(uint64_t inode);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SOCKET_HOLDER_H_
