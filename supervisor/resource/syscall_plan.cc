#include "supervisor/resource/syscall_plan.h"

#include <algorithm>

namespace tardigrade {

using protocol::ArgKind;
using protocol::SyscallOp;
using protocol::SyscallProgram;

size_t SyscallPlan::Add(std::string label, uint32_t number, std::initializer_list<Arg> args, Want want) {
  SyscallOp op{};
  op.number = number;
  if (want.may_fail) op.flags |= protocol::kOpMayFail;
  if (want.exactly.has_value()) {
    op.flags |= protocol::kOpExpect;
    op.result = *want.exactly;
  }
  int i = 0;
  for (const Arg& arg : args) {
    op.arg_kind[i] = static_cast<uint8_t>(arg.kind);
    op.args[i] = arg.value;
    if (arg.within) {
      op.args[i] = ops_[arg.within->first].args[arg.within->second] + arg.value;
    } else if (arg.kind == ArgKind::kPayload) {
      op.args[i] = AddPayload(arg.payload);
      for (const Arg::Patch& patch : arg.patches) AddStore(label, op.args[i], patch);
    }
    ++i;
  }
  ops_.push_back(op);
  labels_.push_back(std::move(label));
  return ops_.size() - 1;
}

uint64_t SyscallPlan::AddPayload(std::span<const std::byte> bytes) {
  const uint64_t offset = payload_.size();
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
  payload_.resize((payload_.size() + 7) & ~size_t{7});
  return offset;
}

void SyscallPlan::AddStore(const std::string& label, uint64_t payload, const Arg::Patch& patch) {
  SyscallOp op{};
  op.number = protocol::kStoreOp;
  op.arg_kind[0] = static_cast<uint8_t>(ArgKind::kPayload);
  op.args[0] = payload + patch.offset;
  op.arg_kind[1] = static_cast<uint8_t>(patch.kind);
  op.args[1] = patch.kind == ArgKind::kPayload ? AddPayload(patch.payload) : patch.value;
  op.args[2] = patch.width;
  ops_.push_back(op);
  labels_.push_back(label);
}

void SyscallPlan::Append(const SyscallPlan& other) {
  const size_t first_op = ops_.size();
  const size_t first_byte = payload_.size();
  for (SyscallOp op : other.ops_) {
    for (int a = 0; a < 6; ++a) {
      if (op.arg_kind[a] == static_cast<uint8_t>(ArgKind::kPayload)) op.args[a] += first_byte;
      if (op.arg_kind[a] == static_cast<uint8_t>(ArgKind::kResult)) op.args[a] += first_op;
    }
    ops_.push_back(op);
  }
  labels_.insert(labels_.end(), other.labels_.begin(), other.labels_.end());
  payload_.insert(payload_.end(), other.payload_.begin(), other.payload_.end());
}

size_t SyscallPlan::CompiledSize() const {
  return (sizeof(SyscallProgram) + ops_.size() * sizeof(SyscallOp) + payload_.size() + 7) & ~size_t{7};
}

std::vector<uint64_t> SyscallPlan::Compile() const {
  const size_t ops_bytes = ops_.size() * sizeof(SyscallOp);
  std::vector<uint64_t> image(CompiledSize() / 8);
  SyscallProgram header{};
  header.magic = protocol::kSyscallProgramMagic;
  header.version = protocol::kSyscallProgramVersion;
  header.op_count = static_cast<uint32_t>(ops_.size());
  header.payload_size = static_cast<uint32_t>(payload_.size());
  auto* out = reinterpret_cast<std::byte*>(image.data());
  std::memcpy(out, &header, sizeof(header));
  if (!ops_.empty()) std::memcpy(out + sizeof(header), ops_.data(), ops_bytes);
  if (!payload_.empty()) std::memcpy(out + sizeof(header) + ops_bytes, payload_.data(), payload_.size());
  return image;
}

size_t SyscallPlan::PayloadOffset(size_t op, size_t arg) const {
  return sizeof(SyscallProgram) + ops_.size() * sizeof(SyscallOp) + ops_[op].args[arg];
}

const SyscallOp& Outcome::op(size_t index) const {
  const auto* program = reinterpret_cast<const SyscallProgram*>(bytes_.data());
  return reinterpret_cast<const SyscallOp*>(program + 1)[index];
}

int64_t Outcome::result(size_t index) const { return op(index).result; }

Status Outcome::Check() const {
  const auto* program = reinterpret_cast<const SyscallProgram*>(bytes_.data());
  if (program->done == plan_->size()) return Ok();
  const int64_t result = op(program->done).result;
  if (result < 0)
    return Error::Syscall(ErrorCode::kRemote, static_cast<int>(-result), plan_->label(program->done));
  return Error(ErrorCode::kRemote, StrCat(plan_->label(program->done), ": the kernel returned ", Hex(result),
                                          ", which is not what was asked for"));
}

}  // namespace tardigrade
