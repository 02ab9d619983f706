#include "supervisor/restore/sibling_births.h"

#include <sched.h>

#include <map>
#include <vector>

#include "supervisor/image/shared_state.h"

namespace tardigrade {
namespace {

// Per process the index of the first that has the same state; kNobody if it has its own.
std::vector<size_t> GroupsOf(const LoadedImage& image, int32_t SharedWith::*state) {
  std::map<int32_t, size_t> index;
  std::vector<size_t> groups;
  for (const LoadedProcess& process : image.processes) {
    index.emplace(process.document.pid, groups.size());
    const int32_t with = process.document.shared.*state;
    groups.push_back(with == 0 ? kNobody : index.at(with));
    if (with != 0) groups[index.at(with)] = index.at(with);
  }
  return groups;
}

std::vector<size_t> MakersOf(const BirthPlan& plan) {
  std::vector<size_t> maker(plan.tasks.size(), kNobody);
  for (size_t i = 0; i < plan.tasks.size(); ++i) {
    const BirthPlan::Task& task = plan.tasks[i];
    for (const auto* const list : {&task.children_before, &task.children}) {
      for (const size_t child : *list) maker[child] = i;
    }
    for (const auto* const list : {&task.adoptees_before, &task.adoptees}) {
      for (const BirthPlan::Adoptee& adoptee : *list) maker[adoptee.child] = i;
    }
  }
  return maker;  // Children of stand-ins have none here.
}

void Take(BirthPlan::Task& task, size_t child) {
  std::erase(task.children_before, child);
  std::erase(task.children, child);
  const auto is_it = [child](const BirthPlan::Adoptee& adoptee) { return adoptee.child == child; };
  std::erase_if(task.adoptees_before, is_it);
  std::erase_if(task.adoptees, is_it);
}

}  // namespace

Status PlanSiblingBirths(const LoadedImage& image, std::span<const int32_t> sessions,
                         std::span<const std::optional<int32_t>> born, BirthPlan& plan) {
  const std::vector<size_t> before = MakersOf(plan);
  std::vector<size_t> maker = before;
  const std::vector<bool> siblings = MakeBySiblings(maker, GroupsOf(image, &SharedWith::memory),
                                                    GroupsOf(image, &SharedWith::signal_handlers));
  for (size_t i = 0; i < maker.size(); ++i) {
    if (!siblings[i]) continue;
    const size_t by = maker[i];
    const ProcessDocument& document = image.processes[i].document;
    const ProcessDocument& sibling = image.processes[by].document;
    const bool after = !born[i].has_value() || *born[i] == sessions[by];
    const bool earlier = !after && plan.tasks[by].leads_session && born[by] == born[i];
    // kernel/fork.c, copy_process(): with CLONE_PARENT it has the same.
    if (before[i] == kNobody || (!after && !earlier) || document.exit_signal != sibling.exit_signal)
      return Error(ErrorCode::kUnsupported,
                   StrCat("process ", document.pid, " shares memory with ", sibling.pid,
                          ", which cannot have made it as it is; this cannot be restored yet"));
    Take(plan.tasks[before[i]], i);
    (earlier ? plan.tasks[by].children_before : plan.tasks[by].children).push_back(i);
    plan.tasks[i].born_sharing |= CLONE_PARENT;
  }
  return Ok();
}

}  // namespace tardigrade
