#include "supervisor/checkpoint/memory_sharers.h"

#include <map>
#include <set>
#include <vector>

namespace tardigrade {
namespace {

// By the inner pid of the first that has it.
pid_t MemoryOf(const ProcessSurvey& process) {
  return process.shared.memory == 0 ? process.inner_pid : process.shared.memory;
}

const ProcessSurvey* Find(const Survey& survey, pid_t inner_pid) {
  for (const ProcessSurvey& process : survey.processes) {
    if (process.inner_pid == inner_pid) return &process;
  }
  return nullptr;
}

}  // namespace

const ProcessSurvey* ParentOfMemory(const Survey& survey, const ProcessSurvey& process) {
  if (process.inner_parent == 0) return nullptr;
  const ProcessSurvey* const parent = Find(survey, process.inner_parent);
  return parent == nullptr ? nullptr : Find(survey, MemoryOf(*parent));
}

void SetNeighbours(const Survey& survey, FrozenTree& frozen) {
  std::map<pid_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < survey.processes.size(); ++i) {
    if (!survey.processes[i].has_ended) groups[MemoryOf(survey.processes[i])].push_back(i);
  }
  for (const auto& [memory, group] : groups) {
    for (const size_t i : group) {
      std::vector<const FrozenProcess*> others;
      for (const size_t other : group) {
        if (other != i) others.push_back(frozen.process(other));
      }
      frozen.process(i)->SetNeighbours(others);
    }
  }
}

size_t EndOfVisits(const Survey& survey, size_t first) {
  constexpr size_t kMostProcesses = 16, kMostThreads = 64;
  size_t end = first;
  std::set<pid_t> memories;
  for (size_t threads = 0; end < survey.processes.size() && end - first < kMostProcesses; ++end) {
    const ProcessSurvey& process = survey.processes[end];
    if (!process.has_ended && !memories.insert(MemoryOf(process)).second) break;
    threads += process.threads.size();
    if (end > first && threads > kMostThreads) break;
  }
  return end;
}

}  // namespace tardigrade
