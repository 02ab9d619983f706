#include "supervisor/checkpoint/memory_collector.h"

#include <algorithm>
#include <array>
#include <future>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/checkpoint/mapping_policies.h"
#include "supervisor/kernel/numa_maps.h"
#include "supervisor/kernel/pagemap.h"
#include "supervisor/kernel/vm_flags.h"
#include "supervisor/transport/read_memory.h"

namespace tardigrade {
namespace {

// What only smaps and numa_maps say.
struct SlowFacts {
  std::vector<VmaDetails> flags;  // By address.
  NumaPolicies policies;
};

Result<SlowFacts> ReadSlowFacts(pid_t pid) {
  SlowFacts facts;
  ASSIGN_OR_RETURN(const std::string smaps, ReadFile(StrCat("/proc/", pid, "/smaps")));
  ASSIGN_OR_RETURN(facts.flags, ParseSmaps(smaps));
  const Result<std::string> numa_maps = ReadFile(StrCat("/proc/", pid, "/numa_maps"));
  if (!numa_maps.has_value() && numa_maps.error().errno_value() == ENOENT) return facts;  // No CONFIG_NUMA.
  RETURN_IF_ERROR(numa_maps);
  ASSIGN_OR_RETURN(facts.policies, ParseNumaMaps(numa_maps.value()));
  return facts;
}

struct FlagMeaning {
  std::string_view flag;
  std::string_view refusal;  // Empty: saved, or follows from other things that are.
};
// fs/proc/task_mmu.c, show_smap_vma_flags().  A flag that is not here is refused as unknown.
constexpr std::array kFlagMeanings = {
    FlagMeaning{"rd", ""}, FlagMeaning{"wr", ""}, FlagMeaning{"ex", ""}, FlagMeaning{"sh", ""},
    FlagMeaning{"mr", ""}, FlagMeaning{"mw", ""}, FlagMeaning{"me", ""}, FlagMeaning{"ms", ""},
    FlagMeaning{"gd", ""}, FlagMeaning{"lo", ""}, FlagMeaning{"lf", ""}, FlagMeaning{"sr", ""},
    FlagMeaning{"rr", ""}, FlagMeaning{"dc", ""}, FlagMeaning{"ac", ""}, FlagMeaning{"nr", ""},
    FlagMeaning{"ht", ""}, FlagMeaning{"wf", ""}, FlagMeaning{"dd", ""}, FlagMeaning{"sd", ""},
    FlagMeaning{"hg", ""}, FlagMeaning{"nh", ""}, FlagMeaning{"mg", ""}, FlagMeaning{"sl", ""},
    FlagMeaning{"gu", ""},
    FlagMeaning{"de", "it may not be expanded (VM_DONTEXPAND), as memory of a device"},
    FlagMeaning{"io", "it is memory of a device (VM_IO)"},
    FlagMeaning{"pf", "it maps physical pages (VM_PFNMAP)"},
    FlagMeaning{"mm", "it is a driver's memory (VM_MIXEDMAP)"},
    FlagMeaning{"um", "a userfaultfd handles its missing pages"},
    FlagMeaning{"uw", "a userfaultfd write-protects it"},
    FlagMeaning{"ui", "a userfaultfd handles its minor faults"},
    FlagMeaning{"ss", "it is a shadow stack"},
    FlagMeaning{"dp", "it is droppable memory (MAP_DROPPABLE)"},
};

Status CheckFlags(const MemoryMapping& mapping, const VmaDetails& flags) {
  for (const std::string& flag : flags.vm_flags) {
    const auto it = std::find_if(kFlagMeanings.begin(), kFlagMeanings.end(),
                                 [&](const FlagMeaning& meaning) { return meaning.flag == flag; });
    const std::string where = StrCat("the mapping at ", Hex(mapping.start), " (", mapping.path, ")");
    if (it == kFlagMeanings.end())
      return Error(ErrorCode::kUnsupported, StrCat(where, " has the flag \"", flag, "\", which this version does not know"));
    if (!it->refusal.empty()) return Error(ErrorCode::kUnsupported, StrCat(where, ": ", it->refusal, ", which cannot be saved yet"));
  }
  return Ok();
}

// Which of a mapping's pages to read.
struct PageNeeds {
  std::vector<PageRun> runs;
  std::vector<GuardRegion> guards;
};

Status FindPages(const MemoryMapping& mapping, PagePolicy policy, Pagemap& pagemap, PageNeeds& needs) {
  if (policy == PagePolicy::kNone) return Ok();
  if (policy == PagePolicy::kSharedAnonymous) {
    // Pages that no entry of this process's page table shows may still be in the object.
    needs.runs.push_back({.address = mapping.start, .pages = mapping.size_bytes() / 4096, .flags = 0});
    return Ok();
  }
  PageRuns found;
  RETURN_IF_ERROR(pagemap.Find(mapping.start, mapping.end, mapping.inode != 0, found), "looking for pages at ",
                  Hex(mapping.start));
  needs.runs.insert(needs.runs.end(), found.save.begin(), found.save.end());
  for (const PageRun& guard : found.guards)
    needs.guards.push_back({.start = guard.address, .end = guard.address + guard.pages * 4096});
  return Ok();
}

Status ApplySlowFacts(const Survey& survey, SlowFacts facts, std::vector<MappingDocument>& mappings) {
  std::map<uint64_t, VmaDetails*> by_start;
  for (VmaDetails& flags : facts.flags) by_start.emplace(flags.start, &flags);
  for (size_t i = 0; i < mappings.size(); ++i) {
    MappingDocument& document = mappings[i];
    if (document.path == "[vsyscall]") continue;  // Not a VMA.
    const auto it = by_start.find(document.start);
    if (it == by_start.end() || it->second->end != document.end)
      return Error(ErrorCode::kInternal, StrCat("smaps has no mapping ", Hex(document.start), "-", Hex(document.end)));
    const bool kernel = document.path.starts_with("[v");
    if (!kernel) RETURN_IF_ERROR(CheckFlags(survey.mappings[i], *it->second));
    document.vm_flags = std::move(it->second->vm_flags);
    document.protection_key = it->second->protection_key;
    if (const auto policy = facts.policies.find(document.start); policy != facts.policies.end() && policy->second != "default")
      document.policy = policy->second;
  }
  return Ok();
}

// One object of shared memory seen through two mappings would come back as two.
Status CheckSharedOnce(const Survey& survey, const std::vector<PagePolicy>& policies) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  for (size_t i = 0; i < policies.size(); ++i) {
    const MemoryMapping& mapping = survey.mappings[i];
    if (policies[i] == PagePolicy::kSharedAnonymous && !seen.insert({mapping.dev, mapping.inode}).second)
      return Error(ErrorCode::kUnsupported,
                   StrCat("the shared anonymous memory at ", Hex(mapping.start), " is mapped in more than one piece, which cannot be saved yet"));
  }
  return Ok();
}

}  // namespace

Status CollectMemory(const Survey& survey, FrozenProcess& frozen, SnapshotContext& context, ProcessDocument& process,
                     PageFileWriter& pages, Progress& progress) {
  std::future<Result<SlowFacts>> slow = std::async(std::launch::async, ReadSlowFacts, survey.pid);
  ASSIGN_OR_RETURN(const std::unique_ptr<Pagemap> pagemap, Pagemap::Open(survey.pid));
  PageNeeds needs;
  std::vector<PagePolicy> policies;
  for (size_t i = 0; i < survey.mappings.size(); ++i) {
    const MemoryMapping& mapping = survey.mappings[i];
    const MappingKind& kind = *survey.mapping_kinds[i];
    ASSIGN_OR_RETURN(MappingState state, kind.Collect(survey.pid, mapping, context), "the mapping at ", Hex(mapping.start));
    RETURN_IF_ERROR(FindPages(mapping, state.pages, *pagemap, needs));
    policies.push_back(state.pages);
    MappingDocument document;
    document.start = mapping.start;
    document.end = mapping.end;
    document.prot = mapping.prot;
    document.shared = mapping.shared;
    document.offset = mapping.offset;
    document.path = mapping.path;
    document.backing = {std::string(kind.name()), std::move(state.state)};
    process.mappings.push_back(std::move(document));
  }
  RETURN_IF_ERROR(CheckSharedOnce(survey, policies));
  process.guards = std::move(needs.guards);
  uint64_t total = 0;
  for (const PageRun& run : needs.runs) total += run.pages * 4096;
  progress.Begin("saving memory", total);
  RETURN_IF_ERROR(SaveMemory(survey.pid, needs.runs, pages, progress), "reading memory");
  progress.End();
  ASSIGN_OR_RETURN(SlowFacts facts, slow.get(), "reading the flags of mappings");
  RETURN_IF_ERROR(ApplySlowFacts(survey, std::move(facts), process.mappings));
  return ResolvePolicies(frozen, process.mappings);
}

}  // namespace tardigrade
