#include "plugins/credentials/credentials_plan.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <string>

namespace tardigrade::credentials {
namespace {

enum Id : size_t { kReal, kEffective, kSaved, kFileSystem };

constexpr int kCapabilityBits = 64;

void PlanCapset(std::string label, uint64_t inheritable, uint64_t permitted, uint64_t effective,
                SyscallPlan& plan) {
  const __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; ++word) {
    data[word].effective = static_cast<uint32_t>(effective >> (32 * word));
    data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word));
    data[word].inheritable = static_cast<uint32_t>(inheritable >> (32 * word));
  }
  plan.Add(std::move(label), SYS_capset, {Arg::Copy(header), Arg::Copy(data)});
}

// The groups first: setgid(2) and setuid(2) may take the right away.
void PlanIds(const CredentialsState& from, const CredentialsState& to, SyscallPlan& plan) {
  if (from.groups != to.groups)
    plan.Add("restoring the supplementary groups", SYS_setgroups,
             {to.groups.size(), Arg::Bytes(std::as_bytes(std::span(to.groups)))});
  if (from.uids == to.uids && from.gids == to.gids) return;
  // Else the kernel takes capabilities away when uid 0 is left, and dumps them on when it is
  // entered.
  plan.Add("keeping capabilities over a change of ids", SYS_prctl,
           {PR_SET_SECUREBITS, from.securebits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0});
  plan.Add("restoring the group ids", SYS_setresgid,
           {to.gids[kReal], to.gids[kEffective], to.gids[kSaved]});
  if (to.gids[kFileSystem] != to.gids[kEffective])
    plan.Add("restoring the file system group id", SYS_setfsgid, {to.gids[kFileSystem]});
  plan.Add("restoring the user ids", SYS_setresuid,
           {to.uids[kReal], to.uids[kEffective], to.uids[kSaved]});
  if (to.uids[kFileSystem] != to.uids[kEffective])
    plan.Add("restoring the file system user id", SYS_setfsuid, {to.uids[kFileSystem]});
}

void PlanAmbient(const CredentialsState& from, const CredentialsState& to, SyscallPlan& plan) {
  if (from.ambient == to.ambient) return;
  plan.Add("clearing the ambient set", SYS_prctl,
           {PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0});
  for (int cap = 0; cap < kCapabilityBits; ++cap) {
    if ((to.ambient >> cap & 1) != 0)
      plan.Add(StrCat("raising ambient capability ", cap), SYS_prctl,
               {PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0});
  }
}

std::vector<uint32_t> Sorted(std::vector<uint32_t> groups) {
  std::sort(groups.begin(), groups.end());
  return groups;
}

std::string Join(const std::vector<uint32_t>& numbers) {
  std::string text;
  for (uint32_t number : numbers) text += StrCat(text.empty() ? "" : " ", number);
  return text.empty() ? "none" : text;
}

Status CheckOwnIdsOnly(const CredentialsState& from, const CredentialsState& to) {
  if (from.uids != to.uids)
    return Error(ErrorCode::kDenied,
                 StrCat("the job's user ids were ", Join({to.uids.begin(), to.uids.end()}),
                        ", the caller's are ", Join({from.uids.begin(), from.uids.end()}),
                        "; restore as that user, or as root"));
  if (from.gids != to.gids)
    return Error(ErrorCode::kDenied,
                 StrCat("the job's group ids were ", Join({to.gids.begin(), to.gids.end()}),
                        ", the caller's are ", Join({from.gids.begin(), from.gids.end()}),
                        "; restore with that group (newgrp), or as root"));
  if (Sorted(from.groups) != Sorted(to.groups))
    return Error(ErrorCode::kDenied, StrCat("the job's supplementary groups were ", Join(to.groups),
                                            ", the caller's are ", Join(from.groups),
                                            ", and only root may change them; restore as root"));
  return Ok();
}

}  // namespace

CredentialsState InNewUserNamespace(CredentialsState own, uint64_t all_capabilities) {
  own.permitted = own.effective = own.bounding = all_capabilities;
  own.inheritable = own.ambient = 0;
  own.securebits = SECUREBITS_DEFAULT;
  return own;
}

Status CheckReachable(const CredentialsState& from, const CredentialsState& to, bool ids_exist) {
  if ((to.effective & ~to.permitted) != 0 || (to.ambient & ~(to.permitted & to.inheritable)) != 0)
    return Error(ErrorCode::kBadImage, "credentials: capability sets that no task can have");
  if (!ids_exist) RETURN_IF_ERROR(CheckOwnIdsOnly(from, to));
  const bool ids_change = from.uids != to.uids || from.gids != to.gids || from.groups != to.groups;
  if (ids_exist && ids_change && (from.effective & (uint64_t{1} << CAP_SETUID)) == 0)
    return CheckOwnIdsOnly(from, to);
  if (const uint64_t missing = to.permitted & ~from.permitted; missing != 0)
    return Error(
        ErrorCode::kDenied,
        StrCat("the job had capabilities ", Hex(missing), " (bits by CAP_*, see capsh --decode) ",
               "that the caller cannot give; restore as root with these"));
  if (const uint64_t missing =
          to.inheritable & ~(from.inheritable | from.permitted | from.bounding);
      missing != 0)
    return Error(ErrorCode::kDenied,
                 StrCat("the job could inherit capabilities ", Hex(missing),
                        " that the caller cannot give; restore as root with these"));
  if (from.no_new_privs && !to.no_new_privs)
    return Error(ErrorCode::kDenied,
                 "the job ran without no_new_privs, which the caller has and cannot take back");
  return Ok();
}

void PlanCredentials(const CredentialsState& from, const CredentialsState& to, SyscallPlan& plan) {
  // 1. While the bounding set is still whole: what is not in it cannot be added to the inheritable
  // set.
  if (from.inheritable != to.inheritable)
    PlanCapset("restoring inheritable capabilities", to.inheritable, from.permitted, from.effective,
               plan);
  for (int cap = 0; cap < kCapabilityBits; ++cap) {
    if ((from.bounding & ~to.bounding) >> cap & 1)
      plan.Add(StrCat("dropping capability ", cap, " from the bounding set"), SYS_prctl,
               {PR_CAPBSET_DROP, cap, 0, 0, 0});
  }
  // 2. With all rights, and keeping them.
  PlanIds(from, to, plan);
  PlanAmbient(from, to, plan);
  // 3. The last that needs CAP_SETPCAP; before it, no locked bit hinders.
  const bool ids_change = from.uids != to.uids || from.gids != to.gids;
  if (ids_change || from.securebits != to.securebits)
    plan.Add("restoring securebits", SYS_prctl, {PR_SET_SECUREBITS, to.securebits, 0, 0, 0});
  // 4. Only gives away.  Ids may have changed the effective set with setfsuid(2): always set it
  // then.
  if (ids_change || from.permitted != to.permitted || from.effective != to.effective)
    PlanCapset("restoring capabilities", to.inheritable, to.permitted, to.effective, plan);
  if (to.no_new_privs && !from.no_new_privs)
    plan.Add("PR_SET_NO_NEW_PRIVS", SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0});
}

}  // namespace tardigrade::credentials
