#include "plugins/io_uring/issuer_kind.h"

#include <fcntl.h>

#include "plugins/io_uring/abi.h"
#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/ring_key.h"
#include "plugins/io_uring/wind.h"

namespace tardigrade::io_uring {
namespace {

constexpr uint32_t kTooMany =
    1000;  // Operations to ask for: EINVAL, but who may not ask gets EEXIST.
constexpr uintptr_t kNowhere = 8;     // No address.
constexpr uint32_t kPbufGroups = 16;  // Of which the issuer alone may ask.
constexpr size_t kQuestions = 2 + kPbufGroups;

struct PbufStatus {
  uint32_t group, head, reserved[8];
};

std::vector<OpenRing> RingsOf(const TaskFacts& task) {
  if (task.descriptors.has_value()) return ListRings(*task.descriptors);
  const Result<std::vector<OpenRing>> rings = ListRings(task.pid);
  return rings.has_value() ? rings.value() : std::vector<OpenRing>();
}

Error Refused(int fd, std::string_view what) {
  return Error(ErrorCode::kUnsupported, StrCat("fd ", fd, ", an io_uring instance, ", what));
}

}  // namespace

size_t IssuerKind::AddQueries(const TaskFacts& task, SyscallPlan& plan) const {
  const size_t first = plan.size();
  for (const OpenRing& ring : RingsOf(task)) {
    plan.Ask("asking who submits", SYS_io_uring_register,
             {ring.fd, uint32_t{IORING_REGISTER_PROBE}, 0, kTooMany});
    plan.Ask("asking for an eventfd", SYS_io_uring_register,
             {ring.fd, uint32_t{IORING_REGISTER_EVENTFD}, kNowhere, 1});
    for (uint32_t group = 0; group < kPbufGroups; ++group)
      plan.Ask("asking for provided buffers", SYS_io_uring_register,
               {ring.fd, kRegisterPbufStatus,
                Arg::Copy(PbufStatus{.group = group, .head = 0, .reserved = {}}), 1});
  }
  return first;
}

Result<Value> IssuerKind::Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                  CollectContext&) const {
  IssuerState state;
  for (const OpenRing& ring : RingsOf(task)) {
    const size_t at = first;
    first += kQuestions;
    if (answers.result(at) == -EEXIST)
      return Refused(ring.fd,
                     "lets one thread submit alone (IORING_SETUP_SINGLE_ISSUER), and that is not "
                     "the main thread of this process, which "
                     "cannot be saved yet; let the main thread set it up, or set it up without");
    if (answers.result(at) == -EACCES)
      return Refused(
          ring.fd,
          "is restricted (IORING_REGISTER_RESTRICTIONS), which the kernel does not show in detail");
    if (answers.result(at + 1) == -EBUSY)
      return Refused(ring.fd,
                     "has a registered eventfd, and the kernel does not show which; unregister it "
                     "first (IORING_UNREGISTER_EVENTFD)");
    for (uint32_t group = 0; group < kPbufGroups; ++group) {
      if (answers.result(at + 2 + group) == 0)
        return Refused(ring.fd,
                       "has provided buffers, whose addresses the kernel does not show; unregister "
                       "them first (IORING_UNREGISTER_PBUF_RING)");
    }
    state.objects.push_back(RingKey(ring.inode));
  }
  return Encode(state);
}

Status IssuerKind::Restore(const Value& value, const RestoreFacts&, TaskPlan&) const {
  RETURN_IF_ERROR(Decode<IssuerState>(value, "io_uring_issuer"));
  return Ok();
}

Status IssuerKind::DoInTask(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const IssuerState state, Decode<IssuerState>(value, "io_uring_issuer"));
  for (const std::string& key : state.objects) {
    const Value* const object = context.ObjectState(key);
    if (object == nullptr)
      return Error(ErrorCode::kBadImage, StrCat("the image has no object ", key));
    ASSIGN_OR_RETURN(const RingState ring, Decode<RingState>(*object, "io_uring"));
    if (!ring.shape.single_issuer) continue;
    ASSIGN_OR_RETURN(const int fd, context.Object(key));
    if (Register(fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) != 0)
      return Error::Errno("enabling an io_uring instance");
    RETURN_IF_ERROR(WindTo(ring, fd, context.attachments()));
  }
  return Ok();
}

size_t RegisteredRingsKind::AddQueries(const TaskFacts& task, SyscallPlan& plan) const {
  const size_t first = plan.size();
  if (RingsOf(task).empty()) return first;
  for (int i = 0; i < kRegisteredRings; ++i)
    plan.Ask("asking for a registered ring", SYS_io_uring_enter,
             {i, 0, 0, kEnterRegisteredRing, 0, 0});
  return first;
}

Result<Value> RegisteredRingsKind::Collect(const TaskFacts& task, const Outcome& answers,
                                           size_t first, CollectContext&) const {
  if (RingsOf(task).empty()) return Value();
  for (int i = 0; i < kRegisteredRings; ++i) {
    const int64_t answer = answers.result(first + static_cast<size_t>(i));
    if (answer == -EBADF || answer == -EINVAL || answer == -EOPNOTSUPP) continue;
    return Error(
        ErrorCode::kUnsupported,
        StrCat("thread ", task.tid, " has an io_uring instance registered under number ", i,
               " (IORING_REGISTER_RING_FDS), which cannot be saved yet; unregister it first "
               "(IORING_UNREGISTER_RING_FDS)"));
  }
  return Value();
}

Status RegisteredRingsKind::Restore(const Value&, const RestoreFacts&, TaskPlan&) const {
  return Ok();
}

}  // namespace tardigrade::io_uring
