#ifndef SUPERVISOR_TRANSPORT_IMAGE_SENDER_H_
#define SUPERVISOR_TRANSPORT_IMAGE_SENDER_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/base/stream_options.h"
#include "supervisor/image/image_target.h"

namespace tardigrade {

// The sending side of a migration.  See README.md in this folder.
class ImageSender {
 public:
  // What became of the job after Go().
  enum class Fate {
    kRuns,     // There; it must end here.
    kNot,      // It does not run there, nor will it.
    kUnknown,  // It may: the connection broke and could not be made again.
  };
  struct Answer {
    Fate fate = Fate::kUnknown;
    int64_t pid = -1;  // Of kRuns, as seen there.
    Error error;       // Of the others.
  };

  // Connects nothing yet.  `copy`: the job runs on here whatever comes.  Errors: kUsage, of the key.
  static Result<std::unique_ptr<ImageSender>> Create(const StreamOptions& options, bool copy);
  virtual ~ImageSender() = default;

  // Connects, unless that has been done, and begins an image anew.  Publish() says that it is whole.
  virtual Result<std::unique_ptr<ImageTarget>> Begin() = 0;

  // Until the receiver has the job made.  Errors: what it says, kSystem.
  virtual Status AwaitReady() = 0;
  // Lets the job run there.  It must not run here any more until the answer, nor after kUnknown.
  virtual Answer Go() = 0;
  // Instead of both, of a copy: its pid as seen there.
  virtual Result<int64_t> AwaitRunning() = 0;

  // Last of all: the answer was heard.
  virtual void SayDone() = 0;
  virtual void GiveUp(const Error& error) = 0;

  virtual uint64_t bytes_sent() const = 0;
  // From the first large piece of memory, or the connection if there was none, to the end of Publish().
  virtual std::chrono::nanoseconds send_time() const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_IMAGE_SENDER_H_
