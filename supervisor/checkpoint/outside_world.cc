#include "supervisor/checkpoint/outside_world.h"

#include <fcntl.h>

namespace tardigrade {
namespace {

// By index into survey.all: each description once.
std::vector<size_t> FilesOf(const FdKind& kind, const Survey& survey) {
  std::vector<size_t> files;
  for (const size_t first : survey.first_of) {
    if (survey.fd_kinds[first] == &kind) files.push_back(first);
  }
  for (size_t i = survey.descriptors.size(); i < survey.all.size(); ++i) {
    if (survey.in_flight_kinds[i - survey.descriptors.size()] == &kind) files.push_back(i);
  }
  return files;
}

}  // namespace

Status OutsideWorld::Suspend(Survey& survey, const KindList& kinds, uint32_t hold_s) {
  for (const auto& kind : kinds.fds) {
    const std::vector<size_t> indices = FilesOf(*kind, survey);
    if (indices.empty()) continue;
    std::vector<const FdFacts*> files;
    for (const size_t index : indices) files.push_back(&survey.all[index]);
    ASSIGN_OR_RETURN(std::unique_ptr<Suspension> suspension,
                     kind->Suspend(files, survey.all, hold_s));
    if (suspension == nullptr) continue;
    for (const size_t index : indices) survey.all[index].suspension = suspension.get();
    suspensions_.push_back(std::move(suspension));
  }
  return Ok();
}

void OutsideWorld::Resume(Survey& survey) {
  for (FdFacts& facts : survey.all) facts.suspension = nullptr;
  suspensions_.clear();
}

Status OutsideWorld::KeepWhatOutlivesKill(const Survey& survey) {
  for (const size_t first : survey.first_of) {
    const FdFacts& file = survey.all[first];
    if (!survey.fd_kinds[first]->OutlivesKill(file, survey.all)) continue;
    ScopedFd kept(fcntl(file.local_fd, F_DUPFD_CLOEXEC, 0));
    if (!kept.valid()) return Error::Errno("duplicating fd ", file.fd);
    outliving_.emplace_back(survey.fd_kinds[first], std::move(kept));
  }
  return Ok();
}

Status OutsideWorld::PrepareForKill() {
  for (const auto& suspension : suspensions_) RETURN_IF_ERROR(suspension->PrepareForKill());
  for (const auto& [kind, fd] : outliving_) kind->PrepareForKill(fd.get());
  outliving_.clear();
  return Ok();
}

void OutsideWorld::Killed() {
  for (const auto& suspension : suspensions_) suspension->Killed();
  suspensions_.clear();
}

}  // namespace tardigrade
