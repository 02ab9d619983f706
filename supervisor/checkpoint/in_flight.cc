#include "supervisor/checkpoint/in_flight.h"

#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

// The first of `all` that is the description behind `local_fd`, by what only the supervisor holds.
Result<std::optional<size_t>> Find(const std::vector<FdFacts>& all, int local_fd) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat of a descriptor in flight");
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].stat.st_ino != st.st_ino || all[i].stat.st_dev != st.st_dev) continue;
    const long order = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, all[i].local_fd, local_fd);
    if (order < 0) return Error::Errno("kcmp of descriptors in flight");
    if (order == 0) return std::optional(i);
  }
  return std::optional<size_t>();
}

// It has no number, and belongs to the process only as far as this could receive it.
Result<FdFacts> FactsOf(int local_fd, const FdFacts& holder, const Survey& survey) {
  FdFacts facts;
  facts.pid = holder.pid;
  facts.inner_pid = holder.inner_pid;
  facts.job = &survey.pids;
  facts.frozen = holder.frozen;
  facts.local_fd = local_fd;
  ASSIGN_OR_RETURN(facts.link, ReadLink(StrCat("/proc/self/fd/", local_fd)));
  ASSIGN_OR_RETURN(const std::string info, ReadFile(StrCat("/proc/self/fdinfo/", local_fd)));
  ASSIGN_OR_RETURN(facts.info, ParseFdInfo(info));
  if (fstat(local_fd, &facts.stat) != 0) return Error::Errno("fstat");
  return facts;
}

Status AddHeldBy(size_t holder, Survey& survey, const KindList& kinds) {
  const FdKind& kind = holder < survey.descriptors.size()
                           ? *survey.fd_kinds[holder]
                           : *survey.in_flight_kinds[holder - survey.descriptors.size()];
  ASSIGN_OR_RETURN(FdKind::Held held, kind.HeldFiles(survey.all[holder]));
  survey.all[holder].contents = std::move(held.contents);
  for (ScopedFd& fd : held.files) {
    ASSIGN_OR_RETURN(const std::optional<size_t> known, Find(survey.all, fd.get()));
    if (known.has_value()) continue;
    ASSIGN_OR_RETURN(FdFacts facts, FactsOf(fd.get(), survey.all[holder], survey));
    ASSIGN_OR_RETURN(const FdKind* its_kind, ClaimFd(facts, survey.all, kinds));
    survey.all.push_back(std::move(facts));
    survey.in_flight_kinds.push_back(its_kind);
    survey.local_fds.push_back(std::move(fd));
  }
  return Ok();
}

}  // namespace

Status SurveyInFlight(Survey& survey, const KindList& kinds, bool frozen) {
  survey.all = survey.descriptors;
  for (const size_t first : survey.first_of)
    survey.is_incomplete |= survey.fd_kinds[first]->MayHoldFiles(survey.descriptors[first]);
  if (!survey.is_incomplete || !frozen) return Ok();
  survey.is_incomplete = false;
  for (const size_t first : survey.first_of)
    RETURN_IF_ERROR(AddHeldBy(first, survey, kinds), "what is in flight in fd ", survey.descriptors[first].fd);
  for (size_t i = survey.descriptors.size(); i < survey.all.size(); ++i)
    RETURN_IF_ERROR(AddHeldBy(i, survey, kinds), "what is in flight in a descriptor in flight");
  return Ok();
}

Result<size_t> FindInFlight(const Survey& survey, int local_fd) {
  ASSIGN_OR_RETURN(const std::optional<size_t> found, Find(survey.all, local_fd));
  if (found.has_value()) return *found;
  return Error(ErrorCode::kInternal, "a descriptor in flight that the survey has not found");
}

}  // namespace tardigrade
