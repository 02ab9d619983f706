#include "supervisor/checkpoint/memory_collector.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <map>
#include <string_view>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/checkpoint/inherited_pages.h"
#include "supervisor/checkpoint/mapping_policies.h"
#include "supervisor/checkpoint/private_pages.h"
#include "supervisor/checkpoint/shared_memory.h"
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
    FlagMeaning{"de", "it may not be expanded (VM_DONTEXPAND), as memory of a device"},  // Or "ht".
    FlagMeaning{"io", "it is memory of a device (VM_IO)"},
    FlagMeaning{"pf", "it maps physical pages (VM_PFNMAP)"},
    FlagMeaning{"mm", "it is a driver's memory (VM_MIXEDMAP)"},
    FlagMeaning{"um", "a userfaultfd handles its missing pages"},
    FlagMeaning{"uw", "a userfaultfd write-protects it"},
    FlagMeaning{"ui", "a userfaultfd handles its minor faults"},
    FlagMeaning{"ss", "it is a shadow stack"},
    FlagMeaning{"dp", "it is droppable memory (MAP_DROPPABLE)"},
};

Status CheckFlags(const MemoryMapping& mapping, const MappingKind& kind, const VmaDetails& flags) {
  for (const std::string& flag : flags.vm_flags) {
    const auto it = std::find_if(kFlagMeanings.begin(), kFlagMeanings.end(),
                                 [&](const FlagMeaning& meaning) { return meaning.flag == flag; });
    const std::string where = StrCat("the mapping at ", Hex(mapping.start), " (", mapping.path, ")");
    if (it == kFlagMeanings.end())
      return Error(ErrorCode::kUnsupported, StrCat(where, " has the flag \"", flag, "\", which this version does not know"));
    // fs/hugetlbfs/inode.c, hugetlbfs_file_mmap().
    if (flag == "de" && flags.HasFlag("ht")) continue;
    // net/packet/af_packet.c, packet_mmap().
    if ((flag == "de" || flag == "mm") && kind.is_kernel_memory()) continue;
    // What makes it again gives it these as well.
    if ((flag == "de" || flag == "mm" || flag == "pf" || flag == "io") && kind.is_made_by_plan()) continue;
    if (!it->refusal.empty()) return Error(ErrorCode::kUnsupported, StrCat(where, ": ", it->refusal, ", which cannot be saved yet"));
  }
  return Ok();
}

Status ApplySlowFacts(const ProcessSurvey& survey, SlowFacts facts, std::vector<MappingDocument>& mappings) {
  std::map<uint64_t, VmaDetails*> by_start;
  for (VmaDetails& flags : facts.flags) by_start.emplace(flags.start, &flags);
  for (size_t i = 0; i < mappings.size(); ++i) {
    MappingDocument& document = mappings[i];
    if (document.path == "[vsyscall]") continue;  // Not a VMA.
    const auto it = by_start.find(document.start);
    if (it == by_start.end() || it->second->end != document.end)
      return Error(ErrorCode::kInternal, StrCat("smaps has no mapping ", Hex(document.start), "-", Hex(document.end)));
    const bool kernel = document.path.starts_with("[v");
    if (!kernel) RETURN_IF_ERROR(CheckFlags(survey.mappings[i], *survey.mapping_kinds[i], *it->second));
    document.vm_flags = std::move(it->second->vm_flags);
    document.protection_key = it->second->protection_key;
    if (const auto policy = facts.policies.find(document.start); policy != facts.policies.end() && policy->second != "default")
      document.policy = policy->second;
  }
  return Ok();
}

MappingDocument Describe(const MemoryMapping& mapping, const MappingKind& kind, MappingState state) {
  MappingDocument document;
  document.start = mapping.start;
  document.end = mapping.end;
  document.prot = mapping.prot;
  document.shared = mapping.shared;
  document.offset = mapping.offset;
  document.path = mapping.path;
  document.object = state.pages == PagePolicy::kSharedAnonymous ? SharedObjectOf(mapping) : std::move(state.object);
  document.backing = {std::string(kind.name()), std::move(state.state)};
  return document;
}

// Pages that cannot be read may be guard regions that this kernel does not report.
Error ExplainUnreadable(Error error, bool knows_guards) {
  const bool fault = error.errno_value() == EFAULT || error.errno_value() == EIO;
  if (knows_guards || !fault) return error;
  return Error(ErrorCode::kUnsupported,
               StrCat(error.ToString(), ": perhaps a guard region (MADV_GUARD_INSTALL), which this kernel has but does "
                                        "not report; snapshot under Linux 6.15 or later, or remove it (MADV_GUARD_REMOVE)"));
}

class MemoryCollector {
 public:
  MemoryCollector(const ProcessSurvey& survey, const ProcessSurvey* parent, FrozenProcess& frozen, ProcessDocument& process, SavedObjects& saved,
                  PageFileWriter& pages, Progress& progress)
      : survey_(survey), parent_(parent), frozen_(frozen), process_(process), saved_(saved), pages_(pages), progress_(progress) {}

  Status Run(SnapshotContext& context) {
    // A thread costs more than to read of a few.
    constexpr size_t kFewMappings = 256;
    const std::launch when = survey_.mappings.size() <= kFewMappings ? std::launch::deferred : std::launch::async;
    std::future<Result<SlowFacts>> slow = std::async(when, ReadSlowFacts, survey_.pid);
    ASSIGN_OR_RETURN(const std::unique_ptr<Pagemap> pagemap, Pagemap::Open(survey_.pid));
    PrivatePages found(*pagemap);
    RETURN_IF_ERROR(CollectMappings(context, found));
    ASSIGN_OR_RETURN(const std::vector<SharedPiece> pieces, ChooseSharedPieces(shared_, saved_));
    for (const PageRun& guard : found.found().guards)
      process_.guards.push_back({.start = guard.address, .end = guard.address + guard.pages * 4096});
    RETURN_IF_ERROR(SavePrivate(std::move(found.found().save), pagemap->knows_guards()));
    ASSIGN_OR_RETURN(SlowFacts facts, slow.get(), "reading the flags of mappings");
    RETURN_IF_ERROR(SaveShared(pieces, facts));
    RETURN_IF_ERROR(ApplySlowFacts(survey_, std::move(facts), process_.mappings));
    return ResolvePolicies(frozen_, process_.mappings);
  }

 private:
  Status CollectMappings(SnapshotContext& context, PrivatePages& found) {
    for (size_t i = 0; i < survey_.mappings.size(); ++i) {
      const MemoryMapping& mapping = survey_.mappings[i];
      const MappingKind& kind = *survey_.mapping_kinds[i];
      ASSIGN_OR_RETURN(MappingState state, kind.Collect(survey_.pid, mapping, context), "the mapping at ", Hex(mapping.start));
      if (state.pages == PagePolicy::kPrivate) {
        RETURN_IF_ERROR(found.Add(mapping.start, mapping.end, kind.has_backing()));
      } else {
        RETURN_IF_ERROR(found.Break());
      }
      if (state.pages == PagePolicy::kSharedAnonymous) shared_.push_back(&mapping);
      process_.mappings.push_back(Describe(mapping, kind, std::move(state)));
    }
    return found.Break();
  }

  Status SavePrivate(std::vector<PageRun> save, bool knows_guards) {
    if (parent_ != nullptr) {
      ASSIGN_OR_RETURN(SplitPages split, SplitInheritedPages(survey_, *parent_, save), "comparing memory with that of process ", parent_->pid);
      for (const PageRun& run : split.inherited) RETURN_IF_ERROR(pages_.Refer(run.address, run.pages, run.flags));
      save = std::move(split.own);
    }
    ASSIGN_OR_RETURN(const SharedPages split, SplitSharedPages(survey_.pid, save), "looking for shared pages");
    if (!split.shared.empty()) RETURN_IF_ERROR(Save(split.shared, ReadHow::kWithoutPinning, knows_guards));
    return Save(split.own, ReadHow::kPinning, knows_guards);
  }

  Status SaveShared(std::span<const SharedPiece> pieces, const SlowFacts& facts) {
    if (pieces.empty()) return Ok();
    std::map<uint64_t, const VmaDetails*> by_start;
    for (const VmaDetails& details : facts.flags) by_start.emplace(details.start, &details);
    const auto has_swap = [&](const MemoryMapping& mapping) {
      const auto it = by_start.find(mapping.start);
      return it == by_start.end() || it->second->swap_kb != 0;
    };
    std::vector<PageRun> runs;
    RETURN_IF_ERROR(FindSharedPages(frozen_, pieces, has_swap, runs), "looking for shared memory");
    return Save(runs, ReadHow::kPinning, /*knows_guards=*/true);
  }

  Status Save(std::span<const PageRun> runs, ReadHow how, bool knows_guards) {
    Status saved = SaveMemory(survey_.pid, runs, how, pages_, progress_);
    if (saved.has_value()) return saved;
    return ExplainUnreadable(std::move(saved).error(), knows_guards).While("reading memory");
  }

  const ProcessSurvey& survey_;
  const ProcessSurvey* parent_;
  FrozenProcess& frozen_;
  ProcessDocument& process_;
  SavedObjects& saved_;
  PageFileWriter& pages_;
  Progress& progress_;
  std::vector<const MemoryMapping*> shared_;
};

}  // namespace

Status CollectMemory(const ProcessSurvey& survey, const ProcessSurvey* parent, FrozenProcess& frozen, SnapshotContext& context,
                     ProcessDocument& process, SavedObjects& saved, PageFileWriter& pages, Progress& progress) {
  return MemoryCollector(survey, parent, frozen, process, saved, pages, progress).Run(context);
}

}  // namespace tardigrade
