#include "supervisor/transport/stream_peer.h"

#include <array>
#include <string>

namespace tardigrade {
namespace {

using protocol::StreamFailed;

constexpr size_t kMaxText = 4096;

// As in README.md; a code on the wire is the place in here, from 1 on.
constexpr std::array kCodes = {ErrorCode::kUsage,    ErrorCode::kBadImage, ErrorCode::kTraceeGone, ErrorCode::kUnsupported,
                               ErrorCode::kInternal, ErrorCode::kSystem,   ErrorCode::kRemote,     ErrorCode::kDenied};

}  // namespace

Result<std::optional<StreamKey>> KeyFor(const StreamOptions& options) {
  if (!options.key_file.empty()) {
    ASSIGN_OR_RETURN(const StreamKey key, ReadStreamKey(options.key_file));
    return std::optional(key);
  }
  if (!options.insecure && !options.address.is_loopback())
    return Error(ErrorCode::kUsage,
                 StrCat(options.address.ToString(), " is not this machine alone: give --key, or --insecure if everybody on the way may read "
                        "the job's memory and put another job in its place"));
  return std::optional<StreamKey>();
}

Status SayFailed(StreamChannel& channel, const Error& error) {
  StreamFailed failed = {};
  for (size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i] == error.code()) failed.code = static_cast<uint32_t>(i + 1);
  }
  return channel.Say(protocol::StreamRecord::kFailed, failed, error.ToString().substr(0, kMaxText));
}

Error ErrorIn(const StreamMessage& message, const char* who) {
  const Result<StreamFailed> failed = message.As<StreamFailed>();
  if (!failed.has_value()) return failed.error();
  const std::span<const std::byte> rest = message.payload.subspan(sizeof(StreamFailed));
  const std::string text(reinterpret_cast<const char*>(rest.data()), std::min(rest.size(), kMaxText));
  const uint32_t code = failed.value().code;
  return Error(code >= 1 && code <= kCodes.size() ? kCodes[code - 1] : ErrorCode::kSystem, StrCat(who, " gave up: ", text));
}

Error UnexpectedRecord(const StreamMessage& message) {
  return Error(ErrorCode::kBadImage, StrCat("a record of type ", message.header.type, " that has no place here"));
}

}  // namespace tardigrade
