#include "supervisor/tracee/stack_unwinder.h"

#include <libunwind-x86_64.h>

#include <cerrno>
#include <utility>

#include "supervisor/arch/x86_64/unwind_registers.h"
#include "supervisor/base/file_io.h"
#include "supervisor/tracee/frame_instructions.h"
#include "supervisor/tracee/page_cache.h"
#include "supervisor/tracee/unwind_tables.h"

// Exported by libunwind for tools that find tables themselves, declared in none of its headers.
extern "C" int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t*,
                                                  unw_proc_info_t*, int, void*);

namespace tardigrade {
namespace {

// The beginning of what libunwind notes of a frame description (unw_proc_info_t::unwind_info;
// include/dwarf.h, struct dwarf_cie_info: in none of the installed headers, the same since 0.99).
struct FrameDescription {
  unw_word_t common_start, common_end;  // Instructions of all frames of the common entry,
  unw_word_t own_start, own_end;        // and of this one.
  unw_word_t code_align, data_align;
  unw_word_t return_address_register;
};

}  // namespace

class StackUnwinder::Engine {
 public:
  Engine(pid_t pid, std::vector<MemoryMapping> mappings)
      : mappings_(std::move(mappings)), memory_(pid), tables_(pid, mappings_, memory_) {
    unw_accessors_t accessors = {};
    accessors.find_proc_info = FindProcInfo;
    accessors.put_unwind_info = [](unw_addr_space_t, unw_proc_info_t*, void*) {};
    accessors.get_dyn_info_list_addr = [](unw_addr_space_t, unw_word_t*, void*) {
      return -UNW_ENOINFO;
    };
    accessors.access_mem = AccessMemory;
    accessors.access_reg = AccessRegister;
    accessors.access_fpreg = [](unw_addr_space_t, unw_regnum_t, unw_fpreg_t*, int, void*) {
      return -UNW_EBADREG;
    };
    accessors.resume = [](unw_addr_space_t, unw_cursor_t*, void*) { return -UNW_EINVAL; };
    accessors.get_proc_name = [](unw_addr_space_t, unw_word_t, char*, size_t, unw_word_t*, void*) {
      return -UNW_ENOINFO;
    };
    space_ = unw_create_addr_space(&accessors, 0);
    if (space_ != nullptr) unw_set_caching_policy(space_, UNW_CACHE_GLOBAL);
  }
  ~Engine() {
    if (space_ != nullptr) unw_destroy_addr_space(space_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::vector<MemoryMapping>& mappings() const { return mappings_; }

  std::vector<uint64_t> Unwind(const arch::Registers& registers, int max_frames,
                               TimePoint deadline) {
    registers_ = registers;
    deadline_ = deadline;
    std::vector<uint64_t> addresses;
    unw_cursor_t cursor;
    if (space_ == nullptr || unw_init_remote(&cursor, space_, this) != 0) return addresses;
    while (std::cmp_less(addresses.size(), max_frames) && !Late()) {
      unw_word_t ip = 0;
      if (unw_get_reg(&cursor, UNW_REG_IP, &ip) != 0 || ip == 0) break;
      addresses.push_back(ip);
      if (unw_step(&cursor) <= 0) break;
    }
    return addresses;
  }

 private:
  bool Late() const { return std::chrono::steady_clock::now() >= deadline_; }

  static int FindProcInfo(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* info,
                          int need_unwind_info, void* self) {
    const std::optional<UnwindTable> table = static_cast<Engine*>(self)->tables_.Find(ip);
    if (!table.has_value()) return -UNW_ENOINFO;
    unw_dyn_info_t dynamic = {};
    dynamic.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    dynamic.start_ip = 0;
    dynamic.end_ip = ~unw_word_t{0};
    dynamic.u.rti.segbase = table->base;
    dynamic.u.rti.table_data = table->table;
    dynamic.u.rti.table_len = table->entries;  // In words, and an entry is one.
    const int found =
        UNW_OBJ(dwarf_search_unwind_table)(space, ip, &dynamic, info, need_unwind_info, self);
    if (found < 0 || need_unwind_info == 0) return found;
    const bool sound = static_cast<Engine*>(self)->IsSound(
        *static_cast<const FrameDescription*>(info->unwind_info));
    return sound ? found : -UNW_EBADFRAME;
  }

  // Whether the instructions of a frame can be run.
  bool IsSound(const FrameDescription& frame) {
    return frame.return_address_register < kUnwindRegisters &&
           AreSound(frame.common_start, frame.common_end) &&
           AreSound(frame.own_start, frame.own_end);
  }
  bool AreSound(uint64_t start, uint64_t end) {
    constexpr uint64_t kMostBytes = 64 << 10;
    if (start > end || end - start > kMostBytes) return false;
    std::vector<std::byte> instructions(end - start);
    return memory_.Read(start, instructions) && AreFrameInstructionsSound(instructions);
  }

  // A damaged table may send libunwind far: the deadline ends that as well.
  static int AccessMemory(unw_addr_space_t, unw_word_t address, unw_word_t* word, int write,
                          void* self) {
    auto* engine = static_cast<Engine*>(self);
    constexpr unsigned kReadsPerLook = 1024;
    if (++engine->reads_ % kReadsPerLook == 0 && engine->Late()) return -UNW_EUNSPEC;
    if (write != 0) return -UNW_EINVAL;
    const bool read = UnwindTables::IsMade(address) ? engine->tables_.ReadMade(address, *word)
                                                    : engine->memory_.ReadObject(address, *word);
    return read ? 0 : -UNW_EINVAL;
  }

  static int AccessRegister(unw_addr_space_t, unw_regnum_t number, unw_word_t* word, int write,
                            void* self) {
    const std::optional<uint64_t> value =
        arch::UnwindRegister(static_cast<Engine*>(self)->registers_, number);
    if (write != 0 || !value.has_value()) return -UNW_EBADREG;
    *word = *value;
    return 0;
  }

  std::vector<MemoryMapping> mappings_;
  PageCache memory_;
  UnwindTables tables_;
  unw_addr_space_t space_ = nullptr;
  arch::Registers registers_ = {};
  TimePoint deadline_;
  unsigned reads_ = 0;
};

Result<std::unique_ptr<StackUnwinder>> StackUnwinder::Create(pid_t pid) {
  Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/maps"));
  if (!text.has_value()) {
    const int err = text.error().errno_value();
    if (err == ENOENT || err == ESRCH)
      return Error::Syscall(ErrorCode::kTraceeGone, err, StrCat("reading the maps of ", pid));
    return std::move(text).error();
  }
  ASSIGN_OR_RETURN(std::vector<MemoryMapping> mappings, ParseMaps(text.value()));
  return std::make_unique<StackUnwinder>(pid, std::move(mappings));
}

StackUnwinder::StackUnwinder(pid_t pid, std::vector<MemoryMapping> mappings)
    : engine_(std::make_unique<Engine>(pid, std::move(mappings))) {}

StackUnwinder::~StackUnwinder() = default;

std::vector<uint64_t> StackUnwinder::Unwind(const arch::Registers& registers, int max_frames,
                                            TimePoint deadline) {
  return engine_->Unwind(registers, max_frames, deadline);
}

const std::vector<MemoryMapping>& StackUnwinder::mappings() const { return engine_->mappings(); }

}  // namespace tardigrade
