#ifndef SUPERVISOR_KERNEL_KERNEL_WORKER_H_
#define SUPERVISOR_KERNEL_KERNEL_WORKER_H_

#include <sys/types.h>

namespace tardigrade {

// Whether thread `tid` of process `pid` never leaves the kernel: io_uring's workers (iou-wrk,
// iou-sqp) are listed among the threads of the process they work for, begin and end as the kernel
// likes, and have no registers of a program.  PF_IO_WORKER in /proc/PID/task/TID/stat;
// io_uring/io-wq.c, create_io_worker().
bool IsKernelWorker(pid_t pid, pid_t tid);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_KERNEL_WORKER_H_
