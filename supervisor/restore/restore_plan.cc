#include "supervisor/restore/restore_plan.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/restore/address_space_plan.h"
#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/huge_pages.h"
#include "supervisor/restore/interrupted_call.h"
#include "supervisor/restore/shared_filling.h"

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

// A leader that will be a zombie: what else would be seen of the restorer in it.  Nothing of it is
// cleared or marked at its end: a fresh task has no address to clear and no robust list.
void PlanExited(const ThreadDocument& document, SyscallPlan& plan) {
  plan.Add("naming the thread", SYS_prctl, {PR_SET_NAME, Arg::String(document.comm.substr(0, 15))});
  plan.Add("forgetting the signal at its parent's death", SYS_prctl, {PR_SET_PDEATHSIG, 0});
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

// Of several processes that hold a description the first does what is to be done in a task.
class DescriptorOwners {
 public:
  explicit DescriptorOwners(const LoadedImage& image) : owner_(image.files.files.size(), npos) {
    for (size_t i = 0; i < image.processes.size(); ++i) {
      for (const DescriptorDocument& d : image.processes[i].document.descriptors) {
        if (owner_[d.file] == npos) owner_[d.file] = i;
      }
    }
  }
  bool Owns(size_t process, size_t file) const { return owner_[file] == process; }

 private:
  static constexpr size_t npos = ~size_t{0};
  std::vector<size_t> owner_;
};

class Planner {
 public:
  Planner(const LoadedImage& image, const KindList& kinds, const RestoreFacts& facts)
      : image_(image), kinds_(kinds), facts_(facts), owners_(image), spare_ids_(image) {}

  Result<RestorePlan> Run() {
    plan_.processes.resize(image_.processes.size());
    for (const KindState& state : image_.files.job) RETURN_IF_ERROR(FindJobKind(kinds_, state.kind));
    plan_.new_ipc_namespace = facts_.new_pid_namespace && UsesIpcNamespace();
    ASSIGN_OR_RETURN(plan_.births, BirthPlan::Make(image_, [this](pid_t pid) { return facts_.new_pid_namespace || access(StrCat("/proc/", pid).c_str(), F_OK) != 0; }));
    ASSIGN_OR_RETURN(std::vector<HelperFds> fds, AssignHelperFds(image_, kinds_));
    ASSIGN_OR_RETURN(const std::string maps, ReadFile("/proc/self/maps"));
    ASSIGN_OR_RETURN(here_, ParseMaps(maps));
    taken_ = here_;
    // The plans themselves make it grow.
    for (MemoryMapping& mapping : taken_) {
      if (mapping.path == "[heap]") mapping.end += kRoomToGrow;
    }
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    for (const MemoryMapping& mapping : here_) ranges.emplace_back(mapping.start, mapping.end + kRoomToGrow);
    ASSIGN_OR_RETURN(plan_.inherited, InheritedMemory::Plan(image_, kinds_, std::move(ranges)));
    if (const InheritedMemory::Zone& zone = plan_.inherited.zone(); zone.end != 0) Take(zone.start, zone.end);
    for (size_t i = 0; i < plan_.processes.size(); ++i) plan_.processes[i].fds = std::move(fds[i]);
    // Whoever makes the memory has to know the segments of all that share it.
    for (const bool memory : {false, true}) RETURN_IF_ERROR(PlanProcesses(memory));
    return std::move(plan_);
  }

 private:
  // Those that have, or have not, memory to make.
  Status PlanProcesses(bool memory) {
    for (size_t i = 0; i < plan_.processes.size(); ++i) {
      const LoadedProcess& process = image_.processes[i];
      if (process.has_memory() != memory) continue;
      if (process.has_ended()) {
        plan_.summary.push_back(StrCat("process ", process.document.pid, ": has ended"));
      } else if (image_.processes.size() == 1) {
        RETURN_IF_ERROR(PlanProcess(i));
      } else {
        RETURN_IF_ERROR(PlanProcess(i), "process ", process.document.pid);
      }
    }
    return Ok();
  }

  // Above this process's own mappings: the heap, and what is mapped meanwhile.
  static constexpr uint64_t kRoomToGrow = uint64_t{1} << 30;
  // The order of the segment and the zone decides on one step more or less.
  static constexpr uint64_t kSizeSlack = 256;
  static constexpr size_t npos = ~size_t{0};

  // Then other copies of the job, and whoever made the image, are not in its way, nor it in theirs.
  bool UsesIpcNamespace() const {
    return !image_.files.job.empty() || std::any_of(image_.files.files.begin(), image_.files.files.end(), [this](const KindState& file) {
      const FdKind* const kind = FindFdKind(kinds_, file.kind);
      return kind != nullptr && kind->is_in_ipc_namespace();
    });
  }

  Status PlanDescriptorsInTask(size_t index, SyscallPlan& plan) {
    std::map<uint32_t, const DescriptorDocument*> lowest;
    for (const DescriptorDocument& d : image_.processes[index].document.descriptors) {
      const auto [it, added] = lowest.emplace(d.file, &d);
      if (d.fd < it->second->fd) it->second = &d;
    }
    for (const auto step : {&FdKind::PlanBeforeLocks, &FdKind::PlanInTask}) {
      for (const auto& [file, descriptor] : lowest) {
        if (!owners_.Owns(index, file)) continue;
        ASSIGN_OR_RETURN(const FdKind* kind, KindOf(file));
        RETURN_IF_ERROR((kind->*step)(image_.files.files[file].state, descriptor->fd, plan), "fd ", descriptor->fd);
      }
    }
    const ProcessDocument& document = image_.processes[index].document;
    const int32_t sharer = document.shared.descriptors == 0 ? 0 : document.pid;
    for (const DescriptorDocument& d : TableOf(document)) {
      if (d.of_process.IsNull()) continue;
      ASSIGN_OR_RETURN(const FdKind* kind, KindOf(d.file));
      RETURN_IF_ERROR(kind->PlanOfProcess(image_.files.files[d.file].state, d.of_process, d.fd, sharer, plan), "fd ", d.fd);
    }
    return Ok();
  }

  const std::vector<DescriptorDocument>& TableOf(const ProcessDocument& process) const {
    for (const LoadedProcess& other : image_.processes) {
      if (process.shared.descriptors != 0 && other.document.pid == process.shared.descriptors) return other.document.descriptors;
    }
    return process.descriptors;
  }

  Result<const FdKind*> KindOf(uint32_t file) const {
    const std::string& name = image_.files.files[file].kind;
    const FdKind* kind = FindFdKind(kinds_, name);
    if (kind != nullptr) return kind;
    return Error(ErrorCode::kBadImage, StrCat("the image has a file of a kind this version does not know: ", name));
  }

  Status PlanThread(size_t index, size_t thread, ThreadPlans& plans) {
    const LoadedProcess& process = image_.processes[index];
    const ThreadDocument& document = process.document.threads[thread];
    plans.tid = document.tid;
    TaskPlan steps;
    if (document.exit_code) PlanExited(document, steps[Phase::kThread]);
    RETURN_IF_ERROR(PlanStates(kinds_.threads, document.states, facts_, steps), "thread ", document.tid);
    if (thread == 0) {
      RETURN_IF_ERROR(PlanDescriptorsInTask(index, steps[Phase::kProcess]));
      TaskPlan whole;
      RETURN_IF_ERROR(PlanStates(kinds_.processes, process.document.states, facts_, whole));
      for (int phase = 0; phase < kPhaseCount; ++phase) steps.phases[phase].Append(whole.phases[phase]);
    }
    plans.process = std::move(steps[Phase::kProcess]);
    plans.limits = std::move(steps[Phase::kLimits]);
    for (const Phase phase : {Phase::kThread, Phase::kCredentials, Phase::kArm}) plans.thread.Append(steps[phase]);
    plans.seccomp = std::move(steps[Phase::kSeccomp]);
    if (!document.exit_code)
      PlanReplay(process.threads[thread].registers, document.syscall_time_left_ns, plans.replay);
    return Ok();
  }

  Status PlanMakings(AddressSpaceInputs& inputs) const {
    const std::vector<MappingDocument>& mappings = inputs.process->mappings;
    for (size_t i = 0; i < mappings.size(); ++i) {
      const MappingKind* kind = FindMappingKind(kinds_, mappings[i].backing.kind);
      if (kind == nullptr || !kind->is_made_by_plan()) continue;
      const MappingPlace place{.start = mappings[i].start,
                               .bytes = mappings[i].end - mappings[i].start,
                               .prot = mappings[i].prot,
                               .offset = mappings[i].offset,
                               .fd = inputs.backing_fds[i]};
      RETURN_IF_ERROR(kind->PlanMaking(mappings[i].backing.state, place, image_.reader->attachments(), inputs.made_by_plan[i]),
                      "the mapping at ", Hex(place.start));
    }
    return Ok();
  }

  AddressSpaceInputs InputsFor(size_t index, const LoadedProcess& process, const ProcessPlan& plan) const {
    AddressSpaceInputs inputs;
    inputs.process_index = index;
    inputs.process = &process.document;
    inputs.extents = process.pages->extents();
    inputs.here = here_;
    inputs.inherited = &plan_.inherited;
    inputs.pages_fd = plan.fds.pages;
    inputs.first_helper_fd = plan.fds.pages;
    inputs.last_helper_fd = plan.fds.backings.empty() ? plan.fds.pages : plan.fds.backings.back();
    for (const size_t backing : plan.fds.backing_of)
      inputs.backing_fds.push_back(backing == HelperFds::npos ? -1 : plan.fds.backings[backing]);
    return inputs;
  }

  Status PlanProcess(size_t index) {
    const LoadedProcess& process = image_.processes[index];
    ProcessPlan& plan = plan_.processes[index];
    plan.threads.resize(process.document.threads.size());
    for (size_t i = 0; i < plan.threads.size(); ++i) RETURN_IF_ERROR(PlanThread(index, i, plan.threads[i]));
    if (!process.has_memory()) return PlanSharer(index, plan);
    RETURN_IF_ERROR(CheckHugePages(process.document, process.pages->extents()));
    AddressSpaceInputs inputs = InputsFor(index, process, plan);
    RETURN_IF_ERROR(PlanMakings(inputs));
    ASSIGN_OR_RETURN(inputs.others, OthersInMemory(index));
    // Twice: the size of the program does not depend on the addresses, but its place does on its size.
    SyscallPlan draft;
    RETURN_IF_ERROR(PlanAddressSpace(inputs, draft));
    const std::vector<MemoryMapping> there = Addresses(process.document);
    const uint64_t payload = PayloadBytes(plan.threads) + draft.CompiledSize() + kSizeSlack;
    ASSIGN_OR_RETURN(plan.place, Segment::ChoosePlace(taken_, there, plan.threads.size(), payload, placed_));
    placed_.push_back(plan.place);
    inputs.segment = plan.place;
    LinkSharers(index);
    RETURN_IF_ERROR(PlanAddressSpace(inputs, plan.threads[0].memory, &plan.fill_marks));
    ShareFilling(plan.fill_marks, spare_ids_, plan.threads[0]);
    Summarize(process, plan);
    return Ok();
  }

  // It runs in the memory of one before it, where its own programs have to be.
  Status PlanSharer(size_t index, ProcessPlan& plan) {
    const std::vector<MemoryMapping> there = Addresses(image_.processes[image_.memory_of[index]].document);
    ASSIGN_OR_RETURN(plan.place, Segment::ChoosePlace(taken_, there, plan.threads.size(), PayloadBytes(plan.threads), placed_));
    placed_.push_back(plan.place);
    Summarize(image_.processes[index], plan);
    return Ok();
  }

  // Whose descriptors a sharer has and waits for; npos if they are its own.
  size_t TableOwner(size_t index) const {
    const int32_t with = image_.processes[index].document.shared.descriptors;
    return with == 0 ? npos : image_.descriptor_tables.at(with).front();
  }

  std::vector<size_t> SharersOf(size_t index) const {
    std::vector<size_t> sharers;
    for (size_t i = index + 1; i < image_.processes.size(); ++i) {
      if (image_.memory_of[i] == index) sharers.push_back(i);
    }
    return sharers;
  }

  // All segments that are needed in the memory of a process, but its own.
  Result<std::vector<Segment::Place>> OthersInMemory(size_t index) {
    std::vector<Segment::Place> others;
    std::set<size_t> foreign;
    for (const size_t sharer : SharersOf(index)) {
      others.push_back(plan_.processes[sharer].place);
      const size_t table = TableOwner(sharer);
      if (table != npos && image_.memory_of[table] != index) foreign.insert(table);
    }
    for (const size_t table : foreign) {
      if (plan_.processes[table].place.size == 0)
        return Error(ErrorCode::kUnsupported, StrCat("its memory is shared by a process that has the descriptors of process ",
                                                     image_.processes[table].document.pid, ", which cannot be restored yet"));
      others.push_back(plan_.processes[table].place);
      plan_.processes[index].links.foreign.push_back(plan_.processes[table].place);
    }
    return others;
  }

  void LinkSharers(size_t index) {
    for (const size_t sharer : SharersOf(index)) {
      Segment::Links& links = plan_.processes[sharer].links;
      links.memory = &plan_.processes[index].place;
      const size_t table = TableOwner(sharer);
      if (table == npos) continue;
      links.table = &plan_.processes[table].place;
      const size_t reports_of_entry = image_.processes[table].has_memory() ? 0 : 1;
      links.table_parked = static_cast<uint32_t>(plan_.processes[table].threads.size() + reports_of_entry);
    }
  }

  void Take(uint64_t start, uint64_t end) {
    MemoryMapping& mapping = taken_.emplace_back();
    mapping.start = start;
    mapping.end = end;
  }

  void Summarize(const LoadedProcess& process, const ProcessPlan& plan) {
    const ProcessDocument& document = process.document;
    uint64_t pages = 0, steps = 0;
    for (const PageExtent& extent : process.has_memory() ? process.pages->extents() : std::span<const PageExtent>()) pages += extent.pages;
    for (const ThreadPlans& t : plan.threads)
      steps += t.memory.size() + t.process.size() + t.limits.size() + t.thread.size() + t.seccomp.size();
    plan_.summary.push_back(StrCat("process ", document.pid, ": ", document.threads.size(), " threads, ",
                                   document.mappings.size(), " mappings, ", pages * 4096, " bytes of memory, ",
                                   document.descriptors.size(), " descriptors; ", steps, " steps"));
    for (const DescriptorDocument& d : document.descriptors)
      plan_.summary.push_back(StrCat("  fd ", d.fd, ": ", image_.files.files[d.file].kind));
  }

  const LoadedImage& image_;
  const KindList& kinds_;
  const RestoreFacts& facts_;
  const DescriptorOwners owners_;
  SpareIds spare_ids_;
  std::vector<MemoryMapping> here_;
  std::vector<MemoryMapping> taken_;
  std::vector<Segment::Place> placed_;
  RestorePlan plan_;
};

}  // namespace

Result<RestorePlan> MakeRestorePlan(const LoadedImage& image, const KindList& kinds, const RestoreFacts& facts) {
  return Planner(image, kinds, facts).Run();
}

}  // namespace tardigrade
