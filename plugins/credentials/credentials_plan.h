#ifndef PLUGINS_CREDENTIALS_CREDENTIALS_PLAN_H_
#define PLUGINS_CREDENTIALS_CREDENTIALS_PLAN_H_

#include <sys/types.h>

#include "plugins/credentials/credentials_state.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade::credentials {

// What a task has that was forked into a fresh user namespace by one that had `own`: every
// capability there, and nothing else changed (kernel/user_namespace.c, set_cred_user_ns()).
CredentialsState InNewUserNamespace(CredentialsState own, uint64_t all_capabilities);

// Whether a task with `from` can become `to`.  `ids_exist` is false in a namespace that maps the
// caller's ids only.  Errors: kBadImage, kDenied naming what cannot be had.
Status CheckReachable(const CredentialsState& from, const CredentialsState& to, bool ids_exist);

// Adds the steps from `from` to `to`, and none for what is so already.
void PlanCredentials(const CredentialsState& from, const CredentialsState& to, SyscallPlan& plan);

}  // namespace tardigrade::credentials

#endif  // PLUGINS_CREDENTIALS_CREDENTIALS_PLAN_H_
