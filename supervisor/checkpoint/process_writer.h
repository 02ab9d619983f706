#ifndef SUPERVISOR_CHECKPOINT_PROCESS_WRITER_H_
#define SUPERVISOR_CHECKPOINT_PROCESS_WRITER_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/image_store.h"

namespace tardigrade {

// Writes what was collected of processes into the image, in a thread of its own while others are still
// collected: a thousand of them take memory and time.
class ProcessWriter {
 public:
  explicit ProcessWriter(ImageWriter& image);
  ~ProcessWriter();
  ProcessWriter(const ProcessWriter&) = delete;

  // Waits while many are waiting already.  `pages`, which may be null, is closed.
  void Add(std::string name, ProcessDocument document, std::unique_ptr<PageFileWriter> pages);

  // When all are written.  Errors: the first that there was.
  Status Finish();

 private:
  struct Job {
    std::string name;
    ProcessDocument document;
    std::unique_ptr<PageFileWriter> pages;
  };

  void Run();
  Status Write(Job job);

  static constexpr size_t kMostWaiting = 16;

  ImageWriter& image_;
  std::mutex mutex_;  // Of what follows.
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool finished_ = false;
  Status result_ = Ok();
  std::vector<std::thread> thread_;  // None if the system has no more: then Add() writes.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_PROCESS_WRITER_H_
