#ifndef SUPERVISOR_RESOURCE_JOB_PIDS_H_
#define SUPERVISOR_RESOURCE_JOB_PIDS_H_

#include <sys/types.h>

#include <map>
#include <optional>

namespace tardigrade {

// The processes of a job with their two numbers: as the supervisor sees them, and as the job does
// (its own PID namespace's).  Only the latter mean anything in an image.
class JobPids {
 public:
  void AddProcess(pid_t outer, pid_t inner) { processes_.emplace(outer, inner); }
  void AddGroup(pid_t outer, pid_t inner) { groups_.emplace(outer, inner); }

  // nullopt if it is not part of the job.
  std::optional<pid_t> InnerProcess(pid_t outer) const { return Find(processes_, outer); }
  std::optional<pid_t> InnerGroup(pid_t outer) const { return Find(groups_, outer); }

 private:
  static std::optional<pid_t> Find(const std::map<pid_t, pid_t>& map, pid_t outer) {
    const auto it = map.find(outer);
    return it == map.end() ? std::nullopt : std::optional(it->second);
  }

  std::map<pid_t, pid_t> processes_;
  std::map<pid_t, pid_t> groups_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_JOB_PIDS_H_
