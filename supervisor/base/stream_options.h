#ifndef SUPERVISOR_BASE_STREAM_OPTIONS_H_
#define SUPERVISOR_BASE_STREAM_OPTIONS_H_

#include <chrono>
#include <string>

#include "supervisor/base/network_address.h"

namespace tardigrade {

// How an image goes to another machine, or comes from one.
struct StreamOptions {
  NetworkAddress address;   // Of the receiver.
  std::string key_file;     // "" for none.
  bool insecure = false;    // Without a key also where it leaves this machine.
  std::chrono::milliseconds timeout{30000};  // How long the other side may say nothing.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_STREAM_OPTIONS_H_
