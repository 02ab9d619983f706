#ifndef SUPERVISOR_KERNEL_NF_MESSAGE_H_
#define SUPERVISOR_KERNEL_NF_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"

// Requests of nfnetlink, byte by byte: include/uapi/linux/netfilter/nfnetlink.h.
namespace tardigrade::nf_message {

using Bytes = std::span<const std::byte>;

// Messages one behind the other, of nested attributes.
class Writer {
 public:
  // Begins a message of nf_tables.  `type`: NFT_MSG_*; `flags` beside NLM_F_REQUEST.
  void Begin(uint8_t type, uint16_t flags);
  // Between these a batch is one transaction: all of it happens, or nothing.
  void BeginBatch();
  void EndBatch();

  void Text(uint16_t attribute, const std::string& value);
  void Number(uint16_t attribute,
              uint32_t value);  // In network order, as all numbers of nf_tables.
  void LongNumber(uint16_t attribute, uint64_t value);
  void Data(uint16_t attribute, Bytes value);
  void Nested(uint16_t attribute, const std::function<void()>& content);

  Bytes bytes() const { return std::as_bytes(std::span(bytes_)); }
  uint32_t last_sequence() const { return sequence_; }

 private:
  void Start(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource);
  void Finish();
  void Append(const void* data, size_t size);

  std::vector<std::byte> bytes_;
  size_t message_ = 0;  // Where the last one begins.
  uint32_t sequence_ = 0;
};

// Sends `request` and waits for the acknowledgement of its message number `acknowledged`.  Errors:
// kSystem with the errno of the first message that failed.
Status Transact(int netlink, const Writer& request, uint32_t acknowledged);

// Sends a question whose answer is a dump: `add` gets the attributes of each message.
Status Dump(int netlink, const Writer& question, const std::function<Status(Bytes)>& add);

}  // namespace tardigrade::nf_message

#endif  // SUPERVISOR_KERNEL_NF_MESSAGE_H_
