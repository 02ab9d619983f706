#ifndef SUPERVISOR_RESOURCE_CONTEXTS_H_
#define SUPERVISOR_RESOURCE_CONTEXTS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/value.h"
#include "supervisor/resource/suspension.h"

namespace tardigrade {

// What becomes of files that are not as they were: --changed-files.
enum class ChangedFiles {
  // Refused if the job only reads them, or the image has a copy; what the job itself writes stays as it
  // is, with a warning.
  kAutomatic,
  kRefuse,   // All.
  kWarn,     // The job goes on with them as they are.
  kPutBack,  // The copy in the image takes their place.
};

// What a kind may use while it collects.  The process is frozen meanwhile.
class CollectContext {
 public:
  virtual ~CollectContext() = default;

  virtual AttachmentWriter& attachments() = 0;

  // Saves a kernel object that several descriptors or mappings share (a pipe, a memfd, a
  // deleted file) once.  `key` is unique per object: "pipe:<ino>", "inode:<dev>:<ino>".  The
  // first call runs `collect` and files its value under the ObjectKind named `kind`; later ones
  // with the same key do nothing.
  virtual Status AddObject(const std::string& key, std::string_view kind,
                           const std::function<Result<Value>()>& collect) = 0;

  // The number among the image's files of the description behind `local_fd`, which is in flight in a
  // queue (FdKind::HeldFiles()).  It is saved by its kind like one that has a descriptor.
  virtual Result<uint32_t> AddFile(ScopedFd local_fd) = 0;

  // Whether the image is to have copies of the job's own files: --save-files.
  virtual bool save_files() const = 0;

  // Says something the user should know that is not an error.
  virtual void Warn(std::string text) = 0;
};

// What a kind may use while files are made, before any task exists.  Runs in the namespaces
// of the job to be.
class CreateContext {
 public:
  virtual ~CreateContext() = default;

  virtual const AttachmentReader& attachments() = 0;

  // A local descriptor of the object filed under `key`, made on the first call by its
  // ObjectKind, open until all files exist.  Borrowed: do not close it.
  virtual Result<int> Object(const std::string& key) = 0;

  // What the object's ObjectKind is given to make it; nullptr if the image has no such object.
  virtual const Value* ObjectState(const std::string& key) const = 0;

  // The image's file number `index`: from FdKind::Fill() on.  Borrowed.  Errors: kBadImage.
  virtual Result<int> File(uint32_t index) = 0;

  // An ObjectKind may make descriptions of which each can be one of the job's as it is (the two ends
  // that pipe2(2) gives): it sets them aside, and the first FdKind that takes one has it.
  virtual void SetAside(const std::string& key, ScopedFd fd) = 0;
  // Invalid if there is none, or it was taken.
  virtual ScopedFd TakeAside(const std::string& key) = 0;

  // Where a file that was at `path` is now: --set-file OLD=NEW, see MovedPath().
  virtual std::string MovedPath(const std::string& path) const = 0;

  virtual ChangedFiles changed_files() const = 0;

  // Something remains to be done about `fd` when the job is about to run: Resumption::Release() gets it.
  virtual void HoldBack(int fd) = 0;

  // A file that outlives the job is about to replace the one at `path`, which has the name `displaced` as
  // well; or it has been put there, where there was nothing (""). Should the restore fail, that is undone.
  virtual Status NotePlaced(const std::string& path, const std::string& displaced) = 0;

  // What is at `path` is about to be covered by a mount of the job's own.
  virtual Status Cover(const std::string& path) = 0;
  // A path to what is outside the job: under Cover()'s mounts.
  virtual std::string OuterPath(const std::string& path) const = 0;

  virtual void Warn(std::string text) = 0;
};

// A kernel object that several descriptors or mappings share.
class ObjectKind {
 public:
  virtual ~ObjectKind() = default;
  // Names the kind in images.  Never changes once released.
  virtual std::string_view name() const = 0;
  // Makes the object, with its contents.  `state` comes from an image: not to be trusted.
  virtual Result<ScopedFd> Create(const Value& state, CreateContext& context) const = 0;
  // Whether each task makes mappings of it, or what else is not a descriptor, for itself: the root's task
  // makes such an object before it has children, so that all have the same.
  virtual bool may_be_mapped() const { return false; }

  // For objects with names or numbers that belong to one only: which one is taken in the present
  // namespaces ("the terminal /dev/pts/3"), so that a new one is needed.
  virtual std::optional<std::string> TakenHere(const Value& state) const {
    (void)state;
    return std::nullopt;
  }
  // In the restorer itself, before anything is made: `states` are those of all objects of this kind.
  // Null: there is nothing to be done.
  virtual Result<std::unique_ptr<Resumption>> Resume(std::span<const Value* const> states,
                                                     const AttachmentReader& attachments) const {
    (void)states, (void)attachments;
    return std::unique_ptr<Resumption>();
  }

  // Before anything is made, once, in a mount namespace of the job's own.
  virtual Status PrepareNamespace(CreateContext& context) const {
    (void)context;
    return Ok();
  }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_CONTEXTS_H_
