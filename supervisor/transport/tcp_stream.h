#ifndef SUPERVISOR_TRANSPORT_TCP_STREAM_H_
#define SUPERVISOR_TRANSPORT_TCP_STREAM_H_

#include <chrono>
#include <memory>
#include <optional>

#include "supervisor/base/network_address.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/transport/byte_stream.h"

namespace tardigrade {

// Each call of the stream that gets nowhere for `timeout` is an error, and so is a peer whose machine does not answer any more.
Result<std::unique_ptr<ByteStream>> ConnectTcp(const NetworkAddress& address, std::chrono::milliseconds timeout);

class TcpListener {
 public:
  static Result<TcpListener> Listen(const NetworkAddress& address);

  const NetworkAddress& address() const { return address_; }  // With the port that it got.

  struct Accepted {
    std::unique_ptr<ByteStream> stream;
    NetworkAddress peer;
  };
  // Errors: kSystem, ETIMEDOUT if nobody comes until `deadline`; without one it waits for ever.
  Result<Accepted> Accept(std::optional<std::chrono::steady_clock::time_point> deadline, std::chrono::milliseconds timeout);

 private:
  TcpListener(ScopedFd fd, NetworkAddress address) : fd_(std::move(fd)), address_(address) {}
  ScopedFd fd_;
  NetworkAddress address_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_TCP_STREAM_H_
