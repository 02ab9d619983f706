#include "supervisor/restore/file_factory.h"

#include <fcntl.h>

#include <algorithm>
#include <set>
#include <utility>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

Error UnknownKind(std::string_view what, const std::string& name) {
  return Error(ErrorCode::kBadImage, StrCat("the image has a ", what, " of a kind this version does not know: ", name));
}

}  // namespace

const FdKind* FindFdKind(const KindList& kinds, std::string_view name) {
  for (const auto& kind : kinds.fds) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

const MappingKind* FindMappingKind(const KindList& kinds, std::string_view name) {
  for (const auto& kind : kinds.mappings) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

const ObjectKind* FindObjectKind(const KindList& kinds, std::string_view name) {
  for (const auto& kind : kinds.objects) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

Status FileFactory::PrepareNamespace() {
  std::set<const ObjectKind*> prepared;
  for (const auto& [key, object] : files_.objects) {
    const ObjectKind* kind = FindObjectKind(kinds_, object.kind);
    if (kind == nullptr || !prepared.insert(kind).second) continue;
    RETURN_IF_ERROR(kind->PrepareNamespace(*this), "preparing the namespace for objects of the kind ", kind->name());
  }
  return Ok();
}

Result<size_t> FindJobKind(const KindList& kinds, const std::string& name) {
  for (size_t i = 0; i < kinds.jobs.size(); ++i) {
    if (kinds.jobs[i]->name() == name) return i;
  }
  return UnknownKind("part", name);
}

Result<ScopedFd> FileFactory::OutOfTheWay(ScopedFd fd) const {
  if (!fd.valid() || fd.get() >= first_fd_) return fd;
  ScopedFd moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, first_fd_));
  if (!moved.valid()) return Error::Errno("moving a descriptor to ", first_fd_, " or above");
  return moved;
}

FileFactory* FileFactory::ForNewTask() const {
  auto* const made = new FileFactory(kinds_, files_, attachments_, moved_, first_fd_);
  made->changed_files_ = changed_files_;
  made->placed_ = placed_;
  made->late_ = late_;
  made->late_files_ = late_files_.ForNewTask();
  for (const ScopedFd& fd : made_) made->made_.emplace_back(fd.get());
  const std::pair<const std::map<std::string, ScopedFd>*, std::map<std::string, ScopedFd>*> tables[] = {
      {&objects_, &made->objects_}, {&aside_, &made->aside_}, {&covered_, &made->covered_}};
  for (const auto& [from, to] : tables) {
    for (const auto& [key, fd] : *from) to->emplace(key, fd.get());
  }
  return made;
}

Status FileFactory::CreateFile(size_t index) {
  const KindState& file = files_.files[index];
  ASSIGN_OR_RETURN(ScopedFd made, FindFdKind(kinds_, file.kind)->Create(file.state, *this), "making ", file.kind, " ", index);
  ASSIGN_OR_RETURN(made_[index], OutOfTheWay(std::move(made)));
  return Ok();
}

Status FileFactory::CreateMappedObjects() {
  for (const auto& [key, object] : files_.objects) {
    const ObjectKind* kind = FindObjectKind(kinds_, object.kind);
    if (kind == nullptr || !kind->may_be_mapped()) continue;
    const Result<int> made = Object(key);
    if (!made.has_value()) return made.error();
  }
  return Ok();
}

Status FileFactory::CreateFiles() {
  made_.resize(files_.files.size());
  for (size_t i = 0; i < made_.size(); ++i) {
    const FdKind* kind = FindFdKind(kinds_, files_.files[i].kind);
    if (kind == nullptr) return UnknownKind("file", files_.files[i].kind);
    if (kind->NeedsTasks()) {
      late_.push_back(i);
    } else {
      RETURN_IF_ERROR(CreateFile(i));
    }
  }
  for (const auto step : {&FdKind::Fill, &FdKind::Settle}) {
    for (size_t i = 0; i < made_.size(); ++i) {
      if (!made_[i].valid()) continue;
      const KindState& file = files_.files[i];
      RETURN_IF_ERROR((FindFdKind(kinds_, file.kind)->*step)(file.state, made_[i].get(), *this), "making ", file.kind, " ", i);
    }
  }
  RETURN_IF_ERROR(CreateMappedObjects());
  ASSIGN_OR_RETURN(late_files_, LateFiles::Create(late_.size(), first_fd_));
  return Ok();
}

Status FileFactory::CreateLateFiles() {
  std::vector<int> made;
  for (const size_t index : late_) {
    RETURN_IF_ERROR(CreateFile(index));
    made.push_back(made_[index].get());
  }
  return late_files_.Send(made);
}

Status FileFactory::TakeLateFiles() {
  ASSIGN_OR_RETURN(std::vector<ScopedFd> files, late_files_.Look());
  for (size_t i = 0; i < files.size(); ++i) {
    ASSIGN_OR_RETURN(made_[late_[i]], OutOfTheWay(std::move(files[i])));
  }
  return Ok();
}

Result<ScopedFd> FileFactory::OpenBacking(const KindState& backing) {
  const MappingKind* kind = FindMappingKind(kinds_, backing.kind);
  if (kind == nullptr) return UnknownKind("mapping", backing.kind);
  ASSIGN_OR_RETURN(std::optional<ScopedFd> fd, kind->OpenBacking(backing.state, *this));
  if (!fd.has_value()) return ScopedFd();
  return std::move(*fd);
}

Result<int> FileFactory::Object(const std::string& key) {
  if (const auto it = objects_.find(key); it != objects_.end()) return it->second.get();
  const auto found = files_.objects.find(key);
  if (found == files_.objects.end()) return Error(ErrorCode::kBadImage, StrCat("the image has no object ", key));
  const ObjectKind* kind = FindObjectKind(kinds_, found->second.kind);
  if (kind == nullptr) return UnknownKind("object", found->second.kind);
  ASSIGN_OR_RETURN(ScopedFd made, kind->Create(found->second.state, *this), "making ", found->second.kind, " ", key);
  ASSIGN_OR_RETURN(ScopedFd away, OutOfTheWay(std::move(made)));
  return objects_.emplace(key, std::move(away)).first->second.get();
}

const Value* FileFactory::ObjectState(const std::string& key) const {
  const auto found = files_.objects.find(key);
  return found == files_.objects.end() ? nullptr : &found->second.state;
}

Result<int> FileFactory::File(uint32_t index) {
  if (index >= made_.size() || !made_[index].valid()) return Error(ErrorCode::kBadImage, StrCat("the image has no file ", index));
  return made_[index].get();
}

void FileFactory::SetAside(const std::string& key, ScopedFd fd) {
  Result<ScopedFd> away = OutOfTheWay(std::move(fd));
  // Without it, whoever asks makes a new one.
  if (away.has_value()) aside_.insert_or_assign(key, std::move(away).value());
}

ScopedFd FileFactory::TakeAside(const std::string& key) {
  const auto it = aside_.find(key);
  if (it == aside_.end()) return ScopedFd();
  return std::move(aside_.extract(it).mapped());
}

Status FileFactory::NotePlaced(const std::string& path, const std::string& displaced) {
  if (placed_ == nullptr) return Error(ErrorCode::kInternal, "nobody notes which files are put in place");
  return placed_->Note(path, displaced);
}

// Several files may be behind one path, and have the same to say.
void FileFactory::Warn(std::string text) {
  if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) warnings_.push_back(std::move(text));
}

Status FileFactory::Cover(const std::string& path) {
  ASSIGN_OR_RETURN(ScopedFd below, OpenFile(path, O_PATH | O_DIRECTORY));
  ASSIGN_OR_RETURN(ScopedFd away, OutOfTheWay(std::move(below)));
  covered_.emplace(path, std::move(away));
  return Ok();
}

std::string FileFactory::OuterPath(const std::string& path) const {
  for (const auto& [covered, fd] : covered_) {
    if (path.starts_with(covered + "/")) return StrCat("/proc/self/fd/", fd.get(), path.substr(covered.size()));
  }
  return path;
}

}  // namespace tardigrade
