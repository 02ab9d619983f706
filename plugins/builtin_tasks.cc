#include <memory>

#include "plugins/builtin.h"
#include "plugins/credentials/credentials_kind.h"
#include "plugins/filesystem_view/filesystem_view_kind.h"
#include "plugins/io_uring/issuer_kind.h"
#include "plugins/itimers/itimers_kind.h"
#include "plugins/memory_bounds/memory_bounds_kind.h"
#include "plugins/memory_policy/memory_policy_kind.h"
#include "plugins/pending_signals/pending_signals_kind.h"
#include "plugins/posix_timers/posix_timers_kind.h"
#include "plugins/process_relations/process_relations_kind.h"
#include "plugins/process_settings/process_settings_kind.h"
#include "plugins/rlimits/rlimits_kind.h"
#include "plugins/rseq/rseq_kind.h"
#include "plugins/scheduling/scheduling_kind.h"
#include "plugins/seccomp/seccomp_kind.h"
#include "plugins/sigactions/sigactions_kind.h"
#include "plugins/syscall_user_dispatch/syscall_user_dispatch_kind.h"
#include "plugins/thread_pointers/thread_pointers_kind.h"
#include "plugins/thread_settings/thread_settings_kind.h"

namespace tardigrade {
namespace {

template <typename Kind, typename List>
void Add(List& list) {
  list.push_back(std::make_unique<Kind>());
}

}  // namespace

void AddTaskKinds(KindList& kinds) {
  // Relations first: what they refuse makes the rest meaningless.
  Add<process_relations::ProcessRelationsKind>(kinds.processes);
  Add<memory_bounds::MemoryBoundsKind>(kinds.processes);
  Add<filesystem_view::FilesystemViewKind>(kinds.processes);
  Add<io_uring::IssuerKind>(kinds.processes);
  Add<sigactions::SigactionsKind>(kinds.processes);
  Add<process_settings::ProcessSettingsKind>(kinds.processes);
  // Pending signals before timers are armed: what timers send must queue behind them.
  Add<pending_signals::ProcessPendingSignalsKind>(kinds.processes);
  // Timers need room under RLIMIT_SIGPENDING, so they are made before the limits come down.
  Add<posix_timers::PosixTimersKind>(kinds.processes);
  Add<rlimits::RlimitsKind>(kinds.processes);
  Add<itimers::ItimersKind>(kinds.processes);

  Add<thread_pointers::ThreadPointersKind>(kinds.threads);
  Add<rseq::RseqKind>(kinds.threads);
  Add<thread_settings::ThreadSettingsKind>(kinds.threads);
  Add<memory_policy::MemoryPolicyKind>(kinds.threads);
  Add<scheduling::SchedulingKind>(kinds.threads);
  Add<credentials::CredentialsKind>(kinds.threads);
  Add<pending_signals::ThreadPendingSignalsKind>(kinds.threads);
  Add<io_uring::RegisteredRingsKind>(kinds.threads);
  Add<syscall_user_dispatch::SyscallUserDispatchKind>(kinds.threads);
  Add<seccomp::SeccompKind>(kinds.threads);
}

}  // namespace tardigrade
