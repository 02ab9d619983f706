#include "supervisor/checkpoint/same_file.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <tuple>

namespace tardigrade {
namespace {

// Descriptors of one description agree in these; most others differ in one.
auto CheapKey(const FdFacts& file) {
  return std::tuple(file.stat.st_dev, file.stat.st_ino, file.stat.st_rdev);
}

}  // namespace

Status GroupByFile(std::span<const FdFacts> descriptors, std::vector<size_t>& file_of,
                   std::vector<size_t>& first_of) {
  int failed = 0;
  const pid_t self = getpid();
  // 0, 1, 2: equal, less, greater, in an order of the kernel's that holds until reboot.
  const auto compare = [&](size_t a, size_t b) -> long {
    // By the copies here, which stay when the process closes its own, or ends.
    const long order = syscall(SYS_kcmp, self, self, KCMP_FILE, descriptors[a].local_fd, descriptors[b].local_fd);
    if (order < 0 && failed == 0) failed = errno;
    return order;
  };
  std::vector<size_t> order(descriptors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto key_a = CheapKey(descriptors[a]), key_b = CheapKey(descriptors[b]);
    if (key_a != key_b) return key_a < key_b;
    return compare(a, b) == 1;
  });
  std::vector<size_t> representative(descriptors.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && CheapKey(descriptors[order[i]]) == CheapKey(descriptors[order[i - 1]]) &&
                      compare(order[i], order[i - 1]) == 0;
    representative[order[i]] = same ? representative[order[i - 1]] : order[i];
  }
  if (failed != 0)
    return Error::Syscall(failed == ENOSYS ? ErrorCode::kUnsupported : ErrorCode::kSystem, failed,
                          "kcmp of descriptors");
  file_of.assign(descriptors.size(), 0);
  for (size_t i = 0; i < descriptors.size(); ++i) {
    if (representative[i] == i) {
      file_of[i] = first_of.size();
      first_of.push_back(i);
    } else {
      file_of[i] = file_of[representative[i]];
    }
  }
  return Ok();
}

}  // namespace tardigrade
