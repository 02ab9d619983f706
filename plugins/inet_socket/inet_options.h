#ifndef PLUGINS_INET_SOCKET_INET_OPTIONS_H_
#define PLUGINS_INET_SOCKET_INET_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::inet_socket {

// What setsockopt(2) sets beside SOL_SOCKET, and what of that a family or protocol has a meaning
// for.
struct InetOptions {
  std::map<std::string, int64_t>
      numbers;             // Those that differ from a fresh socket's, by the table's names.
  std::string congestion;  // TCP_CONGESTION, if it is not the default.
  std::string device;      // SO_BINDTODEVICE.

  bool operator==(const InetOptions&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("numbers", self.numbers);
    visit("congestion", self.congestion, Range<size_t>{0, 15});
    visit("device", self.device, Range<size_t>{0, 15});
  }
};

// `connected`: some options mean something before only, and show what was agreed upon since.
// Errors: kUnsupported for options that cannot be set again.
Result<InetOptions> ReadInetOptions(int local_fd, bool connected);

// What decides how a socket may be bound, and over what it may connect.  Errors: kDenied, naming
// the capability; kBadImage for options this version does not know.
Status ApplyBeforeBind(int local_fd, const InetOptions& options);
// All, those included in which it differs from a fresh socket and should not: what was accepted has
// its listener's.
Status ApplyAfterBind(int local_fd, const InetOptions& options);

// TCP's kernel manages the sizes of buffers that the program did not choose: these are not kept.
void ForgetManagedSizes(SocketOptions& options);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_INET_OPTIONS_H_
