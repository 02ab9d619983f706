#include "plugins/io_uring/ring_key.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "plugins/io_uring/abi.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::io_uring {
namespace {

void AddOnce(const OpenRing& ring, std::vector<OpenRing>& rings) {
  const auto known = std::find_if(rings.begin(), rings.end(), [&](const OpenRing& other) {
    return other.inode == ring.inode;
  });
  if (known == rings.end()) rings.push_back(ring);
}

}  // namespace

Result<std::vector<OpenRing>> ListRings(pid_t pid) {
  const std::string path = StrCat("/proc/", pid, "/fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr) return Error::Errno("opening ", path);
  std::vector<OpenRing> rings;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = StrCat(path, "/", entry->d_name);
    const Result<std::string> link = ReadLink(name);
    if (entry->d_name[0] == '.' || !link.has_value() || link.value() != kLink) continue;
    struct stat stat = {};
    if (::stat(name.c_str(), &stat) != 0) return Error::Errno("stat of ", name);
    AddOnce({.fd = std::atoi(entry->d_name), .inode = stat.st_ino}, rings);
  }
  return rings;
}

std::vector<OpenRing> ListRings(std::span<const FdFacts> descriptors) {
  std::vector<OpenRing> rings;
  for (const FdFacts& file : descriptors) {
    if (file.link == kLink) AddOnce({.fd = file.fd, .inode = file.stat.st_ino}, rings);
  }
  return rings;
}

std::string RingKey(uint64_t inode) { return StrCat("io_uring:", inode); }

}  // namespace tardigrade::io_uring
