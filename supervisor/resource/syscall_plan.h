#ifndef SUPERVISOR_RESOURCE_SYSCALL_PLAN_H_
#define SUPERVISOR_RESOURCE_SYSCALL_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocols/syscall_program.h"
#include "supervisor/base/result.h"

namespace tardigrade {

// An argument of a planned syscall.
struct Arg {
  template <std::integral T>
  Arg(T literal) : value(static_cast<uint64_t>(literal)) {}

  // The address of a copy of `object` in the task; the kernel may write to it, see Outcome::Output.
  template <typename T>
  static Arg Copy(const T& object) {
    return Bytes(std::as_bytes(std::span(&object, 1)));
  }
  static Arg Bytes(std::span<const std::byte> bytes) {
    Arg arg(0);
    arg.kind = protocol::ArgKind::kPayload;
    arg.payload.assign(bytes.begin(), bytes.end());
    return arg;
  }
  static Arg String(const std::string& text) {  // NUL-terminated in the task.
    return Bytes(std::as_bytes(std::span(text.c_str(), text.size() + 1)));
  }
  // The address of `size` zeroed bytes that the kernel fills.
  static Arg Out(size_t size) {
    Arg arg(0);
    arg.kind = protocol::ArgKind::kPayload;
    arg.payload.resize(size);
    return arg;
  }
  // The address `offset` bytes into the payload that is argument `arg` of the earlier op `op`.
  static Arg Within(size_t op, size_t arg, size_t offset) {
    Arg same(offset);
    same.kind = protocol::ArgKind::kPayload;
    same.within = {op, arg};
    return same;
  }
  // What the op with this index returned.
  static Arg ResultOf(size_t op) {
    Arg arg(op);
    arg.kind = protocol::ArgKind::kResult;
    return arg;
  }

  // A payload of which the `width` (4 or 8) bytes at `offset` hold what `inner` would be as an
  // argument: the address of another payload, or an earlier op's result.
  Arg With(size_t offset, Arg inner, size_t width = 8) && {
    patches.push_back({offset, width, inner.value, inner.kind, std::move(inner.payload)});
    return std::move(*this);
  }

  uint64_t value;
  protocol::ArgKind kind = protocol::ArgKind::kLiteral;
  std::vector<std::byte> payload;
  std::optional<std::pair<size_t, size_t>> within;  // Op and argument.

  struct Patch {
    size_t offset;
    size_t width;
    uint64_t value;
    protocol::ArgKind kind;
    std::vector<std::byte> payload;
  };
  std::vector<Patch> patches;
};

// A list of syscalls for a task to run, each with a label for messages, compiled to one
// protocol::SyscallProgram.  Runs in the parasite, in the restorer, or (in tests) right here.
class SyscallPlan {
 public:
  // What to do when the syscall fails, or returns something unexpected.
  struct Want {
    bool may_fail = false;            // Go on.
    std::optional<int64_t> exactly;   // Anything else is a failure.
  };

  // Returns the op's index (ops that fill in an Arg::With() come just before it).  `label` says what is being attempted: "restoring the umask".
  size_t Add(std::string label, uint32_t number, std::initializer_list<Arg> args, Want want);
  size_t Add(std::string label, uint32_t number, std::initializer_list<Arg> args) {
    return Add(std::move(label), number, args, Want{});
  }
  // The same for an op whose failure is an answer, not an error.
  size_t Ask(std::string label, uint32_t number, std::initializer_list<Arg> args) {
    return Add(std::move(label), number, args, Want{.may_fail = true, .exactly = {}});
  }

  // Adds all ops of `other` after the present ones.
  void Append(const SyscallPlan& other);

  size_t size() const { return ops_.size(); }
  bool empty() const { return ops_.empty(); }
  const std::string& label(size_t op) const { return labels_[op]; }

  // 8-byte aligned image of the program; an empty plan gives a valid empty one.
  std::vector<uint64_t> Compile() const;

  // Bytes of Compile().
  size_t CompiledSize() const;

  // Offset into Compile()'s bytes of argument `arg` (a payload) of op `op`.
  size_t PayloadOffset(size_t op, size_t arg) const;

 private:
  // Returns the offset of a copy of `bytes` in the payload.
  uint64_t AddPayload(std::span<const std::byte> bytes);
  void AddStore(const std::string& label, uint64_t payload, const Arg::Patch& patch);

  std::vector<protocol::SyscallOp> ops_;
  std::vector<std::string> labels_;
  std::vector<std::byte> payload_;
};

// A compiled program after it has run.
class Outcome {
 public:
  // `bytes` are those of plan.Compile(), as the run left them.
  Outcome(const SyscallPlan& plan, std::vector<uint64_t> bytes) : plan_(&plan), bytes_(std::move(bytes)) {}

  // Ok, or kRemote with the failing op's errno and label.
  Status Check() const;

  // The kernel's return value, -errno on failure.
  int64_t result(size_t op) const;

  // What the buffer passed as argument `arg` of op `op` holds now.
  template <typename T>
  T Output(size_t op, size_t arg) const {
    T out;
    std::memcpy(&out, reinterpret_cast<const std::byte*>(bytes_.data()) + plan_->PayloadOffset(op, arg), sizeof(T));
    return out;
  }
  std::span<const std::byte> OutputBytes(size_t op, size_t arg, size_t size) const {
    return std::as_bytes(std::span(bytes_)).subspan(plan_->PayloadOffset(op, arg), size);
  }

 private:
  const protocol::SyscallOp& op(size_t index) const;

  const SyscallPlan* plan_;
  std::vector<uint64_t> bytes_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SYSCALL_PLAN_H_
