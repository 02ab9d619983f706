#include "supervisor/base/helper_threads.h"

#include <signal.h>

#include <system_error>

namespace tardigrade {

std::vector<std::thread> StartHelperThreads(size_t count, const std::function<void()>& body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::vector<std::thread> threads;
  try {
    while (threads.size() < count) threads.emplace_back(body);
  } catch (const std::system_error&) {
    // The caller does their work as well.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return threads;
}

}  // namespace tardigrade
