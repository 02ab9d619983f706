#include "supervisor/restore/restore_plan.h"

#include <algorithm>

#include "supervisor/base/file_io.h"
#include "supervisor/restore/address_space_plan.h"
#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/huge_pages.h"
#include "supervisor/restore/interrupted_call.h"

namespace tardigrade {
namespace {

template <typename Kind>
const Kind* FindTaskKind(const std::vector<std::unique_ptr<Kind>>& kinds, const std::string& name) {
  for (const auto& kind : kinds) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

// Kinds act in the order of the list, whatever the order in the image.
template <typename Kind>
Status PlanStates(const std::vector<std::unique_ptr<Kind>>& kinds, const std::vector<KindState>& states,
                  const RestoreFacts& facts, TaskPlan& plan) {
  for (const KindState& state : states) {
    if (FindTaskKind(kinds, state.kind) == nullptr)
      return Error(ErrorCode::kBadImage, StrCat("the image has state of a kind this version does not know: ", state.kind));
  }
  for (const auto& kind : kinds) {
    for (const KindState& state : states) {
      if (state.kind == kind->name()) RETURN_IF_ERROR(kind->Restore(state.state, facts, plan), "restoring ", state.kind);
    }
  }
  return Ok();
}

Status PlanDescriptorsInTask(const LoadedImage& image, const KindList& kinds, SyscallPlan& plan) {
  std::vector<int> lowest(image.files.files.size(), -1);
  for (const DescriptorDocument& d : image.process.descriptors) {
    if (lowest[d.file] < 0 || d.fd < lowest[d.file]) lowest[d.file] = d.fd;
  }
  for (const auto step : {&FdKind::PlanBeforeLocks, &FdKind::PlanInTask}) {
    for (size_t i = 0; i < lowest.size(); ++i) {
      if (lowest[i] < 0) continue;
      const KindState& file = image.files.files[i];
      const FdKind* kind = FindFdKind(kinds, file.kind);
      if (kind == nullptr)
        return Error(ErrorCode::kBadImage, StrCat("the image has a file of a kind this version does not know: ", file.kind));
      RETURN_IF_ERROR((kind->*step)(file.state, lowest[i], plan), "fd ", lowest[i]);
    }
  }
  return Ok();
}

Status PlanThread(const LoadedImage& image, size_t index, const KindList& kinds, const RestoreFacts& facts,
                  ThreadPlans& plans) {
  const ThreadDocument& document = image.process.threads[index];
  plans.tid = document.tid;
  TaskPlan steps;
  RETURN_IF_ERROR(PlanStates(kinds.threads, document.states, facts, steps), "thread ", document.tid);
  if (index == 0) {
    RETURN_IF_ERROR(PlanDescriptorsInTask(image, kinds, steps[Phase::kProcess]));
    TaskPlan process;
    RETURN_IF_ERROR(PlanStates(kinds.processes, image.process.states, facts, process));
    for (int phase = 0; phase < kPhaseCount; ++phase) steps.phases[phase].Append(process.phases[phase]);
  }
  plans.process = std::move(steps[Phase::kProcess]);
  plans.limits = std::move(steps[Phase::kLimits]);
  for (const Phase phase : {Phase::kThread, Phase::kCredentials, Phase::kArm}) plans.thread.Append(steps[phase]);
  plans.seccomp = std::move(steps[Phase::kSeccomp]);
  PlanReplay(image.threads[index].registers, document.syscall_time_left_ns, plans.replay);
  return Ok();
}

// The job's mappings as ParseMaps would give them: only what choosing a place needs.
std::vector<MemoryMapping> Addresses(const ProcessDocument& process) {
  std::vector<MemoryMapping> mappings;
  for (const MappingDocument& m : process.mappings) {
    MemoryMapping mapping;
    mapping.start = m.start;
    mapping.end = m.end;
    if (m.path != "[vsyscall]") mappings.push_back(std::move(mapping));
  }
  return mappings;
}

std::vector<std::string> Summarize(const LoadedImage& image, const RestorePlan& plan) {
  uint64_t pages = 0, steps = 0;
  for (const PageExtent& extent : image.pages->extents()) pages += extent.pages;
  for (const ThreadPlans& t : plan.threads)
    steps += t.memory.size() + t.process.size() + t.limits.size() + t.thread.size() + t.seccomp.size();
  std::vector<std::string> lines;
  lines.push_back(StrCat("process ", image.process.pid, ": ", image.process.threads.size(), " threads, ",
                         image.process.mappings.size(), " mappings, ", pages * 4096, " bytes of memory, ",
                         image.process.descriptors.size(), " descriptors; ", steps, " steps"));
  for (const DescriptorDocument& d : image.process.descriptors)
    lines.push_back(StrCat("  fd ", d.fd, ": ", image.files.files[d.file].kind));
  return lines;
}

}  // namespace

Result<RestorePlan> MakeRestorePlan(const LoadedImage& image, const KindList& kinds, const RestoreFacts& facts) {
  RestorePlan plan;
  ASSIGN_OR_RETURN(plan.fds, AssignHelperFds(image, kinds));
  RETURN_IF_ERROR(CheckHugePages(image.process, image.pages->extents()));
  plan.threads.resize(image.process.threads.size());
  for (size_t i = 0; i < plan.threads.size(); ++i) RETURN_IF_ERROR(PlanThread(image, i, kinds, facts, plan.threads[i]));

  ASSIGN_OR_RETURN(const std::string maps, ReadFile("/proc/self/maps"));
  ASSIGN_OR_RETURN(const std::vector<MemoryMapping> here, ParseMaps(maps));
  AddressSpaceInputs inputs;
  inputs.process = &image.process;
  inputs.extents = image.pages->extents();
  inputs.here = here;
  inputs.pages_fd = plan.fds.pages;
  inputs.first_helper_fd = plan.fds.pages;
  inputs.last_helper_fd = plan.fds.backings.empty() ? plan.fds.pages : plan.fds.backings.back();
  for (const size_t backing : plan.fds.backing_of)
    inputs.backing_fds.push_back(backing == HelperFds::npos ? -1 : plan.fds.backings[backing]);
  // Twice: the size of the program does not depend on the addresses, but its place does on its size.
  SyscallPlan draft;
  RETURN_IF_ERROR(PlanAddressSpace(inputs, draft));
  const std::vector<MemoryMapping> there = Addresses(image.process);
  ASSIGN_OR_RETURN(plan.place, Segment::ChoosePlace(here, there, plan.threads.size(), PayloadBytes(plan.threads) + draft.CompiledSize()));
  inputs.segment = plan.place;
  RETURN_IF_ERROR(PlanAddressSpace(inputs, plan.threads[0].memory, &plan.fill_marks));
  plan.summary = Summarize(image, plan);
  return plan;
}

}  // namespace tardigrade
