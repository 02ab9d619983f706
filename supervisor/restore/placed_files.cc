#include "supervisor/restore/placed_files.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace tardigrade {

Result<std::unique_ptr<PlacedFiles>> PlacedFiles::Create() {
  void* const shared =
      mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error::Errno("mapping memory shared with the tasks");
  return std::unique_ptr<PlacedFiles>(new PlacedFiles(static_cast<Log*>(shared)));
}

PlacedFiles::~PlacedFiles() { munmap(log_, sizeof(*log_)); }

Status PlacedFiles::Note(const std::string& path, const std::string& displaced) {
  const size_t at = log_->bytes;
  const size_t wanted = path.size() + displaced.size() + 2;
  if (wanted > sizeof(log_->text) - at)
    return Error(ErrorCode::kUnsupported,
                 "more files are to be put back than can be undone; put some back by hand");
  std::memcpy(log_->text + at, path.c_str(), path.size() + 1);
  std::memcpy(log_->text + at + path.size() + 1, displaced.c_str(), displaced.size() + 1);
  __atomic_store_n(&log_->bytes, at + wanted, __ATOMIC_RELEASE);
  return Ok();
}

void PlacedFiles::TakeBack() {
  std::vector<std::pair<std::string, std::string>> placed;
  const size_t end = __atomic_load_n(&log_->bytes, __ATOMIC_ACQUIRE);
  for (size_t at = 0; at < end;) {
    const std::string path = log_->text + at;
    const std::string displaced = log_->text + at + path.size() + 1;
    at += path.size() + displaced.size() + 2;
    placed.emplace_back(path, displaced);
  }
  for (auto it = placed.rbegin(); it != placed.rend(); ++it) {
    const auto& [path, displaced] = *it;
    if (displaced.empty()) {
      unlink(path.c_str());
    } else if (rename(displaced.c_str(), path.c_str()) == 0) {
      // Two names of one file, because it was not replaced after all: rename(2) leaves both.
      unlink(displaced.c_str());
    }
  }
  log_->bytes = 0;
}

}  // namespace tardigrade
