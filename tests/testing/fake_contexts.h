#ifndef TESTS_TESTING_FAKE_CONTEXTS_H_
#define TESTS_TESTING_FAKE_CONTEXTS_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/moved_files.h"

namespace tardigrade::testing {

// Attachments in memory.
class FakeAttachments final : public AttachmentWriter, public AttachmentReader {
 public:
  Result<Attachment> Put(std::span<const std::byte> bytes) override {
    const Attachment at{.offset = data_.size(), .size = bytes.size()};
    data_.insert(data_.end(), bytes.begin(), bytes.end());
    return at;
  }
  Result<FileContents> PutFile(int local_fd) override {
    FileContents contents;
    struct stat st = {};
    if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
    contents.size = static_cast<uint64_t>(st.st_size);
    std::vector<std::byte> all(contents.size);
    RETURN_IF_ERROR(PreadAll(local_fd, all, 0));
    ASSIGN_OR_RETURN(const Attachment data, Put(all));
    if (contents.size != 0) contents.extents.push_back({.file_offset = 0, .data = data});
    return contents;
  }
  Result<std::vector<std::byte>> Get(const Attachment& at, uint64_t max_bytes) const override {
    if (at.size > max_bytes || at.offset > data_.size() || at.size > data_.size() - at.offset)
      return Error(ErrorCode::kBadImage, "attachment out of range");
    return std::vector<std::byte>(data_.begin() + static_cast<ptrdiff_t>(at.offset),
                                  data_.begin() + static_cast<ptrdiff_t>(at.offset + at.size));
  }
  Status FillFile(const FileContents& contents, int local_fd) const override {
    if (ftruncate(local_fd, static_cast<off_t>(contents.size)) != 0) return Error::Errno("ftruncate");
    for (const ContentExtent& extent : contents.extents) {
      ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, Get(extent.data, UINT64_MAX));
      RETURN_IF_ERROR(PwriteAll(local_fd, bytes, extent.file_offset));
    }
    return Ok();
  }
  Result<bool> HasContents(const FileContents& contents, int local_fd) const override {
    struct stat st = {};
    if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
    if (contents.size != static_cast<uint64_t>(st.st_size)) return false;
    for (const ContentExtent& extent : contents.extents) {
      ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, Get(extent.data, UINT64_MAX));
      std::vector<std::byte> now(bytes.size());
      RETURN_IF_ERROR(PreadAll(local_fd, now, extent.file_offset));
      if (now != bytes) return false;
    }
    return true;
  }

 private:
  std::vector<std::byte> data_;
};

// Collects objects in memory and makes them again with the kinds it was given.
class FakeContexts final : public CollectContext {
 public:
  explicit FakeContexts(std::vector<const ObjectKind*> kinds = {}) : kinds_(std::move(kinds)) {}

  AttachmentWriter& attachments() override { return attachments_; }
  Status AddObject(const std::string& key, std::string_view kind,
                   const std::function<Result<Value>()>& collect) override {
    if (objects_.contains(key)) return Ok();
    ASSIGN_OR_RETURN(Value state, collect());
    objects_.emplace(key, std::pair(std::string(kind), std::move(state)));
    return Ok();
  }
  Result<uint32_t> AddFile(ScopedFd local_fd) override {
    in_flight.push_back(std::move(local_fd));
    return static_cast<uint32_t>(in_flight.size() - 1);
  }
  bool save_files() const override { return copies; }
  void Warn(std::string text) override { warnings.push_back(std::move(text)); }

  CreateContext& create() { return create_; }
  // Forgets the objects made so far: what was only kept open for them is closed.
  void DropObjects() {
    made_.clear();
    aside_.clear();
  }

  std::vector<std::string> warnings;
  std::vector<ScopedFd> in_flight;  // What AddFile() was given; File() gives it back as it is.
  MovedFiles moved;
  bool copies = false;
  ChangedFiles changed_files = ChangedFiles::kAutomatic;
  std::vector<ScopedFd> held_back;                          // Duplicates of what HoldBack() was given.
  std::vector<std::pair<std::string, std::string>> placed;  // What NotePlaced() was told.

 private:
  class Create final : public CreateContext {
   public:
    explicit Create(FakeContexts& owner) : owner_(owner) {}
    const AttachmentReader& attachments() override { return owner_.attachments_; }
    Result<int> Object(const std::string& key) override { return owner_.MakeObject(key); }
    const Value* ObjectState(const std::string& key) const override {
      const auto it = owner_.objects_.find(key);
      return it == owner_.objects_.end() ? nullptr : &it->second.second;
    }
    Result<int> File(uint32_t index) override {
      if (index >= owner_.in_flight.size()) return Error(ErrorCode::kBadImage, "no such file");
      return owner_.in_flight[index].get();
    }
    void SetAside(const std::string& key, ScopedFd fd) override {
      owner_.aside_.insert_or_assign(key, std::move(fd));
    }
    ScopedFd TakeAside(const std::string& key) override {
      const auto it = owner_.aside_.find(key);
      return it == owner_.aside_.end() ? ScopedFd() : std::move(owner_.aside_.extract(it).mapped());
    }
    std::string MovedPath(const std::string& path) const override {
      return tardigrade::MovedPath(owner_.moved, path);
    }
    ChangedFiles changed_files() const override { return owner_.changed_files; }
    void HoldBack(int fd) override { owner_.held_back.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
    Status NotePlaced(const std::string& path, const std::string& displaced) override {
      owner_.placed.emplace_back(path, displaced);
      return Ok();
    }
    Status Cover(const std::string&) override { return Ok(); }
    std::string OuterPath(const std::string& path) const override { return path; }
    void Warn(std::string text) override { owner_.Warn(std::move(text)); }

   private:
    FakeContexts& owner_;
  };

  Result<int> MakeObject(const std::string& key) {
    if (const auto it = made_.find(key); it != made_.end()) return it->second.get();
    const auto it = objects_.find(key);
    if (it == objects_.end()) return Error(ErrorCode::kBadImage, StrCat("no object ", key));
    for (const ObjectKind* kind : kinds_) {
      if (kind->name() != it->second.first) continue;
      ASSIGN_OR_RETURN(ScopedFd made, kind->Create(it->second.second, create_));
      return made_.emplace(key, std::move(made)).first->second.get();
    }
    return Error(ErrorCode::kBadImage, StrCat("no kind for object ", key));
  }

  std::vector<const ObjectKind*> kinds_;
  FakeAttachments attachments_;
  std::map<std::string, std::pair<std::string, Value>> objects_;
  std::map<std::string, ScopedFd> made_;
  std::map<std::string, ScopedFd> aside_;
  Create create_{*this};
};

// What the engine would know of descriptor `fd` of this very process.
inline FdFacts FactsOf(int fd) {
  FdFacts facts;
  facts.pid = facts.inner_pid = getpid();
  facts.fd = facts.local_fd = fd;
  facts.link = ReadLink(StrCat("/proc/self/fd/", fd)).value();
  facts.info = ParseFdInfo(ReadFile(StrCat("/proc/self/fdinfo/", fd)).value()).value();
  fstat(fd, &facts.stat);
  return facts;
}

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_FAKE_CONTEXTS_H_
