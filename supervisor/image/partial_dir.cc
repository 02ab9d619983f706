#include "supervisor/image/partial_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "supervisor/base/file_io.h"
#include "supervisor/image/image_dir.h"

namespace tardigrade {
namespace {

enum class Occupant { kNothing, kImage };

// What is at `dir` now.  Errors: kUsage if it is anything but nothing or an image.
Result<Occupant> WhatIsAt(const std::string& dir) {
  struct stat st = {};
  if (lstat(dir.c_str(), &st) != 0) {
    if (errno == ENOENT) return Occupant::kNothing;
    return Error::Errno("looking at ", dir);
  }
  const Error no_image(ErrorCode::kUsage, StrCat(dir, " exists and is no image"));
  if (!S_ISDIR(st.st_mode)) return no_image;
  ASSIGN_OR_RETURN(const ScopedFd fd, OpenFile(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (faccessat(fd.get(), image_dir::kManifest.data(), F_OK, AT_SYMLINK_NOFOLLOW) != 0)
    return no_image;
  RETURN_IF_ERROR(image_dir::ListFiles(fd.get(), dir));
  return Occupant::kImage;
}

Result<Occupant> CheckPlace(const std::string& dir, bool overwrite) {
  ASSIGN_OR_RETURN(const Occupant occupant, WhatIsAt(dir));
  if (occupant == Occupant::kImage && !overwrite)
    return Error(ErrorCode::kUsage, StrCat("the image ", dir, " exists; --overwrite replaces it"));
  return occupant;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Whether `fd` is still what `path` names.
bool IsStillAt(int fd, const std::string& path) {
  struct stat here = {}, there = {};
  return fstat(fd, &here) == 0 && lstat(path.c_str(), &there) == 0 && here.st_dev == there.st_dev &&
         here.st_ino == there.st_ino;
}

// A writer that was killed a moment ago may not be gone yet, nor may a child that puts back what it
// changed.
constexpr std::chrono::milliseconds kWriterEnds(1000);

int LockWithin(int fd, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kTick(5);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= end) return -1;
    std::this_thread::sleep_for(kTick);
  }
  return 0;
}

bool IsUnsupported(int err) { return err == EINVAL || err == ENOSYS || err == EOPNOTSUPP; }

}  // namespace

PartialDir::PartialDir(std::string dir, bool overwrite, Durability durability)
    : dir_(std::move(dir)),
      partial_(dir_ + ".partial"),
      overwrite_(overwrite),
      durability_(durability) {}

Result<PartialDir> PartialDir::Create(const std::string& dir, bool overwrite,
                                      Durability durability) {
  std::string name = dir;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  const std::string last = name.substr(name.rfind('/') + 1);
  if (last.empty() || last == "." || last == "..")
    return Error(ErrorCode::kUsage, StrCat("\"", dir, "\" cannot name an image"));
  RETURN_IF_ERROR(CheckPlace(name, overwrite));
  PartialDir partial(name, overwrite, durability);
  RETURN_IF_ERROR(partial.Acquire());
  return partial;
}

// 1. A makes DIR.partial.  2. B finds it and locks it before A does: it is B's now, A fails at
// its lock.  3. Or B opens it, A publishes it and lets go, B locks what is DIR by now: hence
// the look whether it is still at its place, and another try if not.
Status PartialDir::Acquire() {
  ASSIGN_OR_RETURN(parent_, OpenFile(ParentOf(dir_), O_RDONLY | O_DIRECTORY));
  for (int attempt = 0; attempt < 100; ++attempt) {
    const bool made = mkdir(partial_.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return Error::Errno("making ", partial_);
    ScopedFd fd(open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) continue;
    if (!fd.valid()) return Error::Errno("opening ", partial_);
    if (LockWithin(fd.get(), kWriterEnds) != 0) {
      if (errno == EWOULDBLOCK)
        return Error(ErrorCode::kUsage, StrCat(partial_, " is being written by another process"));
      // Some network file systems lock no directories: then one that is not ours stays untouched.
      if (!made) return Error::Errno("locking ", partial_, "; remove it if nothing writes it");
    }
    if (!IsStillAt(fd.get(), partial_)) continue;
    if (!made) {
      RETURN_IF_ERROR(image_dir::RemoveFiles(fd.get(), partial_));
      if (fchmod(fd.get(), 0700) != 0) return Error::Errno("chmod of ", partial_);
    }
    fd_ = std::move(fd);
    return Ok();
  }
  return Error(ErrorCode::kSystem, StrCat(partial_, " comes and goes"));
}

PartialDir::~PartialDir() {
  if (!fd_.valid() || !IsStillAt(fd_.get(), partial_)) return;
  if (image_dir::RemoveFiles(fd_.get(), partial_).has_value()) (void)rmdir(partial_.c_str());
}

Result<ScopedFd> PartialDir::CreateFile(const std::string& name) {
  if (!image_dir::IsFileName(name))
    return Error(ErrorCode::kInternal, StrCat("\"", name, "\" cannot name a file of an image"));
  ScopedFd fd(
      openat(fd_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Error::Errno("making ", partial_, "/", name);
  return fd;
}

Status PartialDir::MakeDurable() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, image_dir::ListFiles(fd_.get(), partial_));
  // Each fsync(2) may have to wait for the disk; but everything else in the file system is none of
  // ours.
  constexpr size_t kManyFiles = 64;
  if (names.size() > kManyFiles) {
    if (syncfs(fd_.get()) != 0) return Error::Errno("syncfs of ", partial_);
    return Ok();
  }
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const ScopedFd file, image_dir::OpenForReading(fd_.get(), name));
    if (fsync(file.get()) != 0) return Error::Errno("fsync of ", partial_, "/", name);
  }
  if (fsync(fd_.get()) != 0) return Error::Errno("fsync of ", partial_);
  return Ok();
}

Status PartialDir::Publish() {
  const bool durable = durability_ == Durability::kDurable;
  if (durable) RETURN_IF_ERROR(MakeDurable());
  RETURN_IF_ERROR(Rename());
  if (durable && fsync(parent_.get()) != 0) return Error::Errno("fsync of the directory of ", dir_);
  return Ok();
}

Status PartialDir::Rename() {
  ASSIGN_OR_RETURN(const Occupant occupant, CheckPlace(dir_, overwrite_));
  if (occupant == Occupant::kImage) return Replace();
  int failed = renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, dir_.c_str(), RENAME_NOREPLACE);
  if (failed != 0 && IsUnsupported(errno)) failed = rename(partial_.c_str(), dir_.c_str());
  if (failed != 0) return Error::Errno("renaming ", partial_, " to ", dir_);
  fd_.Reset();
  return Ok();
}

Status PartialDir::Replace() {
  if (durability_ != Durability::kDurable) RETURN_IF_ERROR(MakeDurable());
  ASSIGN_OR_RETURN(const ScopedFd old_fd, OpenFile(dir_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  // The old image is about to have the partial name: no other writer may take it for its own.
  (void)flock(old_fd.get(), LOCK_EX | LOCK_NB);
  std::string old_path = partial_;
  if (renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, dir_.c_str(), RENAME_EXCHANGE) != 0) {
    if (!IsUnsupported(errno)) return Error::Errno("exchanging ", partial_, " and ", dir_);
    old_path = dir_ + ".replaced";
    RETURN_IF_ERROR(ReplaceInTwoSteps(old_path));
  }
  fd_.Reset();
  // The new image stands: make that durable before the old one goes.
  if (fsync(parent_.get()) != 0) return Error::Errno("fsync of the directory of ", dir_);
  RETURN_IF_ERROR(image_dir::RemoveFiles(old_fd.get(), old_path), "removing the replaced image");
  if (rmdir(old_path.c_str()) != 0) return Error::Errno("removing ", old_path);
  return Ok();
}

// For file systems that know no exchange.  Killed between the two, the old image is left as
// `old_path`, the new one whole under its partial name.
Status PartialDir::ReplaceInTwoSteps(const std::string& old_path) {
  if (rename(dir_.c_str(), old_path.c_str()) != 0)
    return Error::Errno("renaming ", dir_, " to ", old_path);
  if (rename(partial_.c_str(), dir_.c_str()) != 0) {
    Error error = Error::Errno("renaming ", partial_, " to ", dir_);
    (void)rename(old_path.c_str(), dir_.c_str());
    return error;
  }
  return Ok();
}

}  // namespace tardigrade
