#include "supervisor/kernel/kernel_memory.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr uint32_t kBufferBytes = 4096;

// What the program is given: raw_tracepoint's arguments.
struct Order {
  uint64_t address = 0;  // 0: where the caller's own task_struct is.
  uint64_t size = 0;
};

int Bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

constexpr bpf_insn Insn(int code, int to, int from, int16_t offset, int32_t value) {
  bpf_insn insn = {};
  insn.code = static_cast<uint8_t>(code);
  insn.dst_reg = static_cast<uint8_t>(to) & 15;
  insn.src_reg = static_cast<uint8_t>(from) & 15;
  insn.off = offset;
  insn.imm = value;
  return insn;
}
constexpr bpf_insn Move(int to, int from) {
  return Insn(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr bpf_insn Set(int to, int value) {
  return Insn(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
constexpr bpf_insn Load64(int to, int from, int16_t offset) {
  return Insn(BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0);
}
constexpr bpf_insn Store64(int to, int from) {
  return Insn(BPF_STX | BPF_MEM | BPF_DW, to, from, 0, 0);
}
constexpr bpf_insn Call(int helper) { return Insn(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
constexpr bpf_insn Exit() { return Insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

Error Refused(const char* what) {
  const int why = errno;
  return Error(why == EPERM ? ErrorCode::kDenied : ErrorCode::kUnsupported,
               StrCat(what, ": ", std::strerror(why)));
}

}  // namespace

KernelMemory::KernelMemory(KernelMemory&& other) noexcept
    : btf_(std::move(other.btf_)),
      map_(std::move(other.map_)),
      program_(std::move(other.program_)),
      buffer_(std::exchange(other.buffer_, nullptr)) {}

KernelMemory::~KernelMemory() {
  if (buffer_ != nullptr) munmap(const_cast<std::byte*>(buffer_), kBufferBytes);
}

Result<KernelMemory> KernelMemory::Open() {
  // First: it is what an ordinary user may not.
  bpf_attr map = {};
  map.map_type = BPF_MAP_TYPE_ARRAY;
  map.key_size = sizeof(uint32_t);
  map.value_size = kBufferBytes;
  map.max_entries = 1;
  map.map_flags = BPF_F_MMAPABLE;
  ScopedFd made(Bpf(BPF_MAP_CREATE, map));
  if (!made.valid()) return Refused("making a BPF map to look at the kernel with");
  Result<std::string> text = ReadFile("/sys/kernel/btf/vmlinux");
  if (!text.has_value())
    return Error(ErrorCode::kUnsupported,
                 StrCat("the kernel has no type information (CONFIG_DEBUG_INFO_BTF): ",
                        text.error().ToString()));
  ASSIGN_OR_RETURN(Btf btf, Btf::Parse(std::move(text).value()));
  KernelMemory memory(std::move(btf));
  memory.map_ = std::move(made);
  RETURN_IF_ERROR(memory.Load());
  return memory;
}

Status KernelMemory::Load() {
  void* const at = mmap(nullptr, kBufferBytes, PROT_READ, MAP_SHARED, map_.get(), 0);
  if (at == MAP_FAILED) return Refused("mapping a BPF map");
  buffer_ = static_cast<const std::byte*>(at);
  const bpf_insn program[] = {
      Move(6, 1),
      Insn(BPF_LD | BPF_IMM | BPF_DW, 8, BPF_PSEUDO_MAP_VALUE, 0, map_.get()),
      Insn(0, 0, 0, 0, 0),
      Load64(7, 6, offsetof(Order, address)),
      Insn(BPF_JMP | BPF_JNE | BPF_K, 7, 0, 4, 0),
      Call(BPF_FUNC_get_current_task),
      Store64(8, 0),
      Set(0, 0),
      Exit(),
      Load64(2, 6, offsetof(Order, size)),
      Insn(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 4, kBufferBytes),
      Move(1, 8),
      Move(3, 7),
      Call(BPF_FUNC_probe_read_kernel),
      Exit(),
      Set(0, -EINVAL),
      Exit(),
  };
  bpf_attr load = {};
  load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  load.insn_cnt = sizeof(program) / sizeof(program[0]);
  load.insns = reinterpret_cast<uint64_t>(program);
  // Both helpers are for programs whose licence the kernel knows; these few instructions are under
  // both.
  load.license = reinterpret_cast<uint64_t>("Dual BSD/GPL");
  program_.Reset(Bpf(BPF_PROG_LOAD, load));
  if (!program_.valid()) return Refused("loading a BPF program to look at the kernel with");
  return Ok();
}

Status KernelMemory::Run(uint64_t address, uint64_t size) const {
  const Order order = {.address = address, .size = size};
  bpf_attr run = {};
  run.test.prog_fd = static_cast<uint32_t>(program_.get());
  run.test.ctx_in = reinterpret_cast<uint64_t>(&order);
  run.test.ctx_size_in = sizeof(order);
  if (Bpf(BPF_PROG_TEST_RUN, run) != 0) return Refused("running a BPF program");
  if (run.test.retval == 0) return Ok();
  errno = -static_cast<int>(run.test.retval);
  return Error::Errno("looking at the kernel's memory");
}

Status KernelMemory::Read(uint64_t address, std::span<std::byte> out) const {
  if (address == 0) return Error(ErrorCode::kInternal, "the kernel has nothing at address 0");
  RETURN_IF_ERROR(Run(address, out.size()));
  std::memcpy(out.data(), buffer_, out.size());
  return Ok();
}

Result<uint64_t> KernelMemory::CurrentTask() const {
  RETURN_IF_ERROR(Run(0, 0));
  uint64_t task = 0;
  std::memcpy(&task, buffer_, sizeof(task));
  return task;
}

Result<uint64_t> KernelMemory::FileOf(int local_fd) const {
  ASSIGN_OR_RETURN(const uint64_t task, CurrentTask());
  ASSIGN_OR_RETURN(const auto files, Member<uint64_t>(task, "task_struct", "files"));
  ASSIGN_OR_RETURN(const auto table, Member<uint64_t>(files, "files_struct", "fdt"));
  ASSIGN_OR_RETURN(const auto slots, Member<uint64_t>(table, "fdtable", "fd"));
  return Read<uint64_t>(slots + static_cast<uint64_t>(local_fd) * sizeof(uint64_t));
}

Result<uint64_t> KernelMemory::PrivateDataOf(int local_fd) const {
  ASSIGN_OR_RETURN(const uint64_t file, FileOf(local_fd));
  return Member<uint64_t>(file, "file", "private_data");
}

}  // namespace tardigrade
