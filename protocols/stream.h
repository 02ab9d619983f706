#ifndef PROTOCOLS_STREAM_H_
#define PROTOCOLS_STREAM_H_

// An image on its way to another machine, see protocols/README.md.
//
//   StreamHello                   in both directions, the source's first
//   frames                        uint32_t body_bytes, then the body: a RecordHeader and its payload; under
//                                 a key the body is encrypted as a whole
//
// Little-endian, nothing between the parts.

#include <stdint.h>

namespace tardigrade::protocol {

inline constexpr uint64_t kStreamMagic = 0x4d41455254534454;  // "TDSTREAM"
inline constexpr uint32_t kStreamVersion = 1;

// StreamHello::flags.
inline constexpr uint32_t kStreamKeyed = 1;  // All frames are encrypted under the key both sides were given.
inline constexpr uint32_t kStreamAllFlags = 1;

struct StreamHello {
  uint64_t magic;
  uint32_t version;
  uint32_t flags;
  uint8_t nonce[32];     // Random, of this connection.
  uint64_t reserved[2];  // 0
};
static_assert(sizeof(StreamHello) == 64 && alignof(StreamHello) == 8);

// What a record says, and who says it: the source (S) or the receiver (R).
enum class StreamRecord : uint32_t {
  kWelcome = 1,  // R: a StreamWelcome.  The first record of every connection.
  kBegin = 2,    // S: a StreamBegin.  An image begins; what came of one before is void.
  kResume = 3,   // S: a StreamWelcome, that of the connection that broke.  Instead of kBegin.
  kFile = 4,     // S: its name.  Files are numbered from 0 on in this order.
  kData = 5,     // S: bytes of `file` at `offset`.
  kEnd = 6,      // S: all files are whole.
  kAlive = 7,    // R: nothing yet.
  kReady = 8,    // R: the job is there, and waits for kGo.
  kGo = 9,       // S: the job here will not run again unless kFailed comes.
  kRunning = 10, // R: a StreamRunning.
  kDone = 11,    // S: heard; nobody comes back.
  kFailed = 12,  // Both: a StreamFailed and a text.  Nothing of the job is on this side's account any more.
};

struct RecordHeader {
  uint32_t type;      // StreamRecord
  uint32_t file;      // Of kData.
  uint32_t round;     // 0; for images that come in several.
  uint32_t reserved;  // 0
  uint64_t offset;    // Of kData: bytes.
  uint64_t checksum;  // XXH3-64 of the body with 0 here; 0 under a key.
};
static_assert(sizeof(RecordHeader) == 32 && alignof(RecordHeader) == 8);

inline constexpr uint32_t kStreamMaxPayload = 1 << 20;

struct StreamWelcome {
  uint8_t session[16];  // Random; names the job's stay in doubt.
};
static_assert(sizeof(StreamWelcome) == 16);

inline constexpr uint32_t kStreamMove = 1;  // The job is to run in one place.
inline constexpr uint32_t kStreamCopy = 2;  // It runs on at the source whatever comes.

struct StreamBegin {
  uint32_t mode;      // kStreamMove, kStreamCopy
  uint32_t reserved;  // 0
};
static_assert(sizeof(StreamBegin) == 8);

struct StreamRunning {
  int64_t pid;  // As seen by the receiver.
};
static_assert(sizeof(StreamRunning) == 8);

struct StreamFailed {
  uint32_t code;      // The class of the error: its place in the table of exit statuses, README.md, from 1 on.
  uint32_t reserved;  // 0
};
static_assert(sizeof(StreamFailed) == 8);

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_STREAM_H_
