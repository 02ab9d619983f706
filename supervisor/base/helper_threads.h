#ifndef SUPERVISOR_BASE_HELPER_THREADS_H_
#define SUPERVISOR_BASE_HELPER_THREADS_H_

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace tardigrade {

// Starts up to `count` threads that run `body`, fewer where the system has no more; the caller joins
// them.  They take no signals: these are for the threads that expect them.
std::vector<std::thread> StartHelperThreads(size_t count, const std::function<void()>& body);

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_HELPER_THREADS_H_
