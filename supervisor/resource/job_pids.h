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
  // One that has the descriptor table of `first`, both as the supervisor sees them.
  void AddSharer(pid_t outer, pid_t first) { table_of_.emplace(outer, first); }
  void AddGroup(pid_t outer, pid_t inner) { groups_.emplace(outer, inner); }

  // nullopt if it is not part of the job.
  std::optional<pid_t> InnerProcess(pid_t outer) const { return Find(processes_, outer); }
  // nullopt if it does not share the table of `first`, or is that itself.
  std::optional<pid_t> InnerSharer(pid_t outer, pid_t first) const {
    return Find(table_of_, outer) == first ? InnerProcess(outer) : std::nullopt;
  }
  // Whether several have the descriptor table of `first`.
  bool SharesTable(pid_t first) const {
    for (const auto& [sharer, table] : table_of_)
      if (table == first) return true;
    return false;
  }
  std::optional<pid_t> InnerGroup(pid_t outer) const { return Find(groups_, outer); }

 private:
  static std::optional<pid_t> Find(const std::map<pid_t, pid_t>& map, pid_t outer) {
    const auto it = map.find(outer);
    return it == map.end() ? std::nullopt : std::optional(it->second);
  }

  std::map<pid_t, pid_t> processes_;
  std::map<pid_t, pid_t> groups_;
  std::map<pid_t, pid_t> table_of_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_JOB_PIDS_H_
