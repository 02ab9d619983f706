#ifndef SUPERVISOR_CHECKPOINT_COLLECTOR_H_
#define SUPERVISOR_CHECKPOINT_COLLECTOR_H_

#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/image/documents.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// The CollectContext of a snapshot: files objects in a FilesDocument.
class SnapshotContext final : public CollectContext {
 public:
  SnapshotContext(AttachmentWriter& attachments, FilesDocument& files, bool save_files)
      : attachments_(attachments), files_(files), save_files_(save_files) {}

  // Before anything is collected that may hold descriptors in flight.
  void SetSurvey(const Survey& survey) { survey_ = &survey; }

  AttachmentWriter& attachments() override { return attachments_; }
  Status AddObject(const std::string& key, std::string_view kind,
                   const std::function<Result<Value>()>& collect) override;
  Result<uint32_t> AddFile(ScopedFd local_fd) override;
  bool save_files() const override { return save_files_; }
  void Warn(std::string text) override;
  std::vector<std::string>& warnings() { return warnings_; }

 private:
  AttachmentWriter& attachments_;
  FilesDocument& files_;
  const bool save_files_;
  const Survey* survey_ = nullptr;
  std::vector<std::string> warnings_;
};

// Runs every task kind's queries inside the frozen process and fills in threads and states.
Status CollectTasks(const ProcessSurvey& survey, const KindList& kinds, FrozenProcess& frozen, SnapshotContext& context,
                    ProcessDocument& process);

// Puts the leader in front of the other threads if it has exited.
Status CollectExitedLeader(const ProcessSurvey& survey, const KindList& kinds, SnapshotContext& context,
                           ProcessDocument& process);

// Fills in files with the open file descriptions of all processes.
Status CollectFiles(const Survey& survey, SnapshotContext& context, FilesDocument& files);

// Fills in files with what belongs to no process.  `ask`: by index into survey.job.members.
Status CollectJob(const Survey& survey, const KindList& kinds, const AskMember& ask, SnapshotContext& context,
                  FilesDocument& files);

// Fills in the process's descriptors.
Status CollectDescriptors(const Survey& survey, const ProcessSurvey& of, ProcessDocument& process);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_COLLECTOR_H_
