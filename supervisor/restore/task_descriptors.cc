#include "supervisor/restore/task_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "supervisor/base/close_fds.h"
#include "supervisor/restore/segment_waits.h"

namespace tardigrade {
namespace {

Status PutAt(int from, int number, int flags) {
  if (dup3(from, number, flags) < 0) return Error::Errno("putting a descriptor at ", number);
  return Ok();
}

}  // namespace

TaskDescriptors::TaskDescriptors(const TaskInputs& in, FileFactory& factory, Turn& turn, size_t process)
    : in_(in), factory_(factory), turn_(turn), process_(process) {
  const ProcessDocument& document = this->process().document;
  const int32_t with = document.shared.descriptors;
  const auto& tables = in.image->descriptor_tables;
  if (const auto table = tables.find(with == 0 ? document.pid : with); table != tables.end())
    members_ = table->second;
  if (members_.empty()) members_ = {process};  // It has ended, and has none.
  owner_ = members_.front();
}

// Each goes to its number at once: what is open below never grows into the helpers' numbers.
Status TaskDescriptors::PlaceHelpers() {
  const HelperFds& fds = in_.plan->processes[process_].fds;
  for (size_t i = 0; i < fds.backings.size(); ++i) {
    const MappingDocument& mapping = process().document.mappings[fds.opened_from[i]];
    ASSIGN_OR_RETURN(ScopedFd fd, factory_.OpenBacking(mapping.backing),
                     "opening what is mapped at ", Hex(mapping.start), " (", mapping.path, ")");
    if (!fd.valid())
      return Error(ErrorCode::kInternal,
                   StrCat("nothing is behind the mapping at ", Hex(mapping.start)));
    RETURN_IF_ERROR(PutAt(fd.get(), fds.backings[i], O_CLOEXEC));
  }
  for (const std::string& warning : factory_.TakeWarnings()) in_.channel->SayWarning(warning);
  return process().has_memory() ? PutAt(process().pages->fd(), fds.pages, O_CLOEXEC) : Ok();
}

Status TaskDescriptors::NumberJobs() {
  std::map<int32_t, const DescriptorDocument*> by_number;
  for (const DescriptorDocument& d : process().document.descriptors) by_number.emplace(d.fd, &d);
  for (const auto& [fd, d] : by_number)
    RETURN_IF_ERROR(PutAt(factory_.file(d->file), fd, d->close_on_exec ? O_CLOEXEC : 0));
  return Ok();
}

// What lies between and behind the numbers that stay.
void TaskDescriptors::CloseTheRest() {
  std::vector<int> keep;
  for (const DescriptorDocument& d : process().document.descriptors) keep.push_back(d.fd);
  for (const size_t member : members_) {
    const HelperFds& fds = in_.plan->processes[member].fds;
    keep.push_back(fds.pages);
    keep.insert(keep.end(), fds.backings.begin(), fds.backings.end());
  }
  CloseAllBut(std::move(keep));
}

void TaskDescriptors::AwaitOwner() { AwaitThrough(*in_.segments[owner_], turn_); }

}  // namespace tardigrade
