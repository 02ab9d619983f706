#include "supervisor/kernel/kcmp.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

namespace tardigrade {

long CompareTasks(pid_t a, pid_t b, int type) { return syscall(SYS_kcmp, a, b, type, 0, 0); }

std::vector<size_t> FirstWithSame(std::span<const pid_t> tasks, int type) {
  std::vector<size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return CompareTasks(tasks[a], tasks[b], type) == 1; });
  std::vector<size_t> first(tasks.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && CompareTasks(tasks[order[i - 1]], tasks[order[i]], type) == 0;
    first[order[i]] = same ? first[order[i - 1]] : order[i];
  }
  return first;
}

TasksByObject::TasksByObject(std::vector<pid_t> tasks, int type)
    : tasks_(std::move(tasks)), type_(type) {
  std::stable_sort(tasks_.begin(), tasks_.end(),
                   [type](pid_t a, pid_t b) { return CompareTasks(a, b, type) == 1; });
}

std::optional<pid_t> TasksByObject::Find(pid_t other) const {
  const auto at = std::partition_point(tasks_.begin(), tasks_.end(), [&](pid_t task) {
    return CompareTasks(task, other, type_) == 1;
  });
  if (at == tasks_.end() || CompareTasks(*at, other, type_) != 0) return std::nullopt;
  return *at;
}

}  // namespace tardigrade
