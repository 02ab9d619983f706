#include "supervisor/checkpoint/process_writer.h"

#include <utility>

#include "supervisor/base/helper_threads.h"

namespace tardigrade {
namespace {

// Thread by thread: twice the states of thousands of threads would be much memory.
Value EncodeAndRelease(ProcessDocument process) {
  std::vector<ThreadDocument> threads = std::move(process.threads);
  process.threads.clear();
  Value::Object document = *Encode(process).AsObject();
  Value::Array encoded;
  encoded.reserve(threads.size());
  for (ThreadDocument& thread : threads) {
    encoded.push_back(Encode(thread));
    thread = ThreadDocument();
  }
  document["threads"] = Value(std::move(encoded));
  return Value(std::move(document));
}

}  // namespace

ProcessWriter::ProcessWriter(ImageWriter& image) : image_(image) {
  thread_ = StartHelperThreads(1, [this] { Run(); });
}

ProcessWriter::~ProcessWriter() { (void)Finish(); }

void ProcessWriter::Add(std::string name, ProcessDocument document, std::unique_ptr<PageFileWriter> pages) {
  Job job{std::move(name), std::move(document), std::move(pages)};
  std::unique_lock lock(mutex_);
  if (thread_.empty()) {
    Status written = Write(std::move(job));
    if (result_.has_value()) result_ = std::move(written);
    return;
  }
  changed_.wait(lock, [this] { return jobs_.size() < kMostWaiting; });
  jobs_.push_back(std::move(job));
  changed_.notify_all();
}

Status ProcessWriter::Finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : thread_) thread.join();
  thread_.clear();
  return result_;
}

void ProcessWriter::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return finished_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    changed_.notify_all();
    lock.unlock();
    Status written = Write(std::move(job));
    lock.lock();
    if (result_.has_value()) result_ = std::move(written);
  }
}

Status ProcessWriter::Write(Job job) {
  if (job.pages != nullptr) RETURN_IF_ERROR(job.pages->Close(), "writing pages");
  return image_.WriteDocument(job.name, EncodeAndRelease(std::move(job.document)));
}

}  // namespace tardigrade
