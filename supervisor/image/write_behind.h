#ifndef SUPERVISOR_IMAGE_WRITE_BEHIND_H_
#define SUPERVISOR_IMAGE_WRITE_BEHIND_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace tardigrade {

// Has what was written to a file go to the disk soon, on a thread of its own, so that the fsync at
// the end does not find all of it still to do.  Small files never start the thread.
class WriteBehind {
 public:
  explicit WriteBehind(int fd) : fd_(fd) {}
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // The file is written, more or less, up to `end` bytes.
  void Written(uint64_t end);

 private:
  void Run();

  const int fd_;
  std::mutex mutex_;  // Of what follows.
  std::condition_variable changed_;
  uint64_t written_ = 0;
  uint64_t begun_ = 0;  // Up to here it is on its way.
  bool finished_ = false;
  std::vector<std::thread> thread_;  // One, or none.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_WRITE_BEHIND_H_
