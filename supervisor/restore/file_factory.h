#ifndef SUPERVISOR_RESTORE_FILE_FACTORY_H_
#define SUPERVISOR_RESTORE_FILE_FACTORY_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/documents.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/resource/moved_files.h"
#include "supervisor/restore/late_files.h"
#include "supervisor/restore/placed_files.h"

namespace tardigrade {

const FdKind* FindFdKind(const KindList& kinds, std::string_view name);
const MappingKind* FindMappingKind(const KindList& kinds, std::string_view name);
const ObjectKind* FindObjectKind(const KindList& kinds, std::string_view name);
// Its index in kinds.jobs; errors: kBadImage.
Result<size_t> FindJobKind(const KindList& kinds, const std::string& name);

// Makes every open file description and object of an image exactly once, in the calling process,
// which must be in the namespaces of the job to be.  Hosted code: no tracee needed.
class FileFactory final : public CreateContext {
 public:
  // `first_fd`: everything made gets a number from here on, out of the way of the job's own.
  FileFactory(const KindList& kinds, const FilesDocument& files, const AttachmentReader& attachments,
              const MovedFiles& moved, int first_fd)
      : kinds_(kinds), files_(files), attachments_(attachments), moved_(moved), first_fd_(first_fd) {}

  // Without it no file is put in place.
  void SetChangedFiles(ChangedFiles policy, PlacedFiles& placed) {
    changed_files_ = policy;
    placed_ = &placed;
  }

  // Before anything else where the calling process has a mount namespace of its own.
  Status PrepareNamespace();

  // Of FilesDocument::files those that need no tasks, in order, with what is in their queues; and the
  // objects that mappings of several processes may share.
  Status CreateFiles();
  // The others (FdKind::NeedsTasks()): the first task makes them when all are born; then the others,
  // forked since CreateFiles(), can take them.
  Status CreateLateFiles();
  Status TakeLateFiles();
  int file(size_t index) const { return made_[index].get(); }

  // One for a task that shares this one's memory (CLONE_VM) and has its own descriptors, under the same
  // numbers: they are what its files are.  Neither may be destroyed before exec(2) or the end.
  FileFactory* ForNewTask() const;

  // The file behind a mapping: an open descriptor, or an invalid one for anonymous memory.
  Result<ScopedFd> OpenBacking(const KindState& backing);

  const AttachmentReader& attachments() override { return attachments_; }
  Result<int> Object(const std::string& key) override;
  const Value* ObjectState(const std::string& key) const override;
  Result<int> File(uint32_t index) override;
  void SetAside(const std::string& key, ScopedFd fd) override;
  ScopedFd TakeAside(const std::string& key) override;
  std::string MovedPath(const std::string& path) const override { return tardigrade::MovedPath(moved_, path); }
  ChangedFiles changed_files() const override { return changed_files_; }
  Status NotePlaced(const std::string& path, const std::string& displaced) override;
  Status Cover(const std::string& path) override;
  std::string OuterPath(const std::string& path) const override;
  void HoldBack(int fd) override { held_back_.push_back(fd); }
  const std::vector<int>& held_back() const { return held_back_; }
  void Warn(std::string text) override;
  const std::vector<std::string>& warnings() const { return warnings_; }
  std::vector<std::string> TakeWarnings() { return std::exchange(warnings_, {}); }

 private:
  Status CreateFile(size_t index);
  Status CreateMappedObjects();
  Result<ScopedFd> OutOfTheWay(ScopedFd fd) const;

  const KindList& kinds_;
  const FilesDocument& files_;
  const AttachmentReader& attachments_;
  const MovedFiles& moved_;
  ChangedFiles changed_files_ = ChangedFiles::kAutomatic;
  PlacedFiles* placed_ = nullptr;
  int first_fd_;
  std::vector<ScopedFd> made_;
  std::vector<size_t> late_;  // Indices of those that need tasks.
  LateFiles late_files_;
  std::map<std::string, ScopedFd> objects_;
  std::map<std::string, ScopedFd> aside_;
  std::vector<int> held_back_;  // Of made_.
  std::map<std::string, ScopedFd> covered_;  // By path: what is under a mount of the job's own.
  std::vector<std::string> warnings_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_FILE_FACTORY_H_
