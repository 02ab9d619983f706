#include "plugins/mqueue/peek_queue.h"

#include <mqueue.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tardigrade::mqueue {
namespace {

// Shared with the process that does it: this, a slot of SlotBytes() for each message.
struct Header {
  int32_t error;
  uint32_t count;
};
struct Slot {
  uint32_t priority;
  uint32_t size;
};

struct Table {
  std::byte* memory;
  size_t message_bytes;
  size_t most_messages;

  size_t slot_bytes() const { return sizeof(Slot) + ((message_bytes + 7) & ~size_t{7}); }
  size_t bytes() const { return sizeof(Header) + most_messages * slot_bytes(); }
  Header* header() const { return reinterpret_cast<Header*>(memory); }
  Slot* slot(size_t i) const {
    return reinterpret_cast<Slot*>(memory + sizeof(Header) + i * slot_bytes());
  }
  char* text(size_t i) const { return reinterpret_cast<char*>(slot(i) + 1); }
};

// Between fork and exit: system calls alone.
[[noreturn]] void TakeAndPutBack(int queue, const Table& table) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  Header* const header = table.header();
  while (header->count < table.most_messages) {
    unsigned priority = 0;
    const ssize_t size =
        mq_receive(queue, table.text(header->count), table.message_bytes, &priority);
    if (size < 0) {
      if (errno != EAGAIN) header->error = errno;
      break;
    }
    *table.slot(header->count) = {.priority = priority, .size = static_cast<uint32_t>(size)};
    ++header->count;
  }
  for (uint32_t i = 0; i < header->count; ++i) {
    if (mq_send(queue, table.text(i), table.slot(i)->size, table.slot(i)->priority) != 0)
      header->error = errno;
  }
  _exit(0);
}

// The shared memory of a table.
class ScopedTable {
 public:
  explicit ScopedTable(Table table) : table_(table) {
    void* const at = mmap(nullptr, table.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
    table_.memory = at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
  }
  ~ScopedTable() {
    if (table_.memory != nullptr) munmap(table_.memory, table_.bytes());
  }
  ScopedTable(const ScopedTable&) = delete;
  const Table& get() const { return table_; }

 private:
  Table table_;
};

}  // namespace

Result<std::vector<QueuedMessage>> PeekQueue(int local_fd) {
  mq_attr attributes = {};
  if (mq_getattr(local_fd, &attributes) != 0) return Error::Errno("mq_getattr");
  const ScopedTable table({.memory = nullptr,
                           .message_bytes = static_cast<size_t>(attributes.mq_msgsize),
                           .most_messages = static_cast<size_t>(attributes.mq_maxmsg)});
  if (table.get().memory == nullptr) return Error::Errno("memory for messages");
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child < 0) return Error::Errno("making a process");
  if (child == 0) TakeAndPutBack(local_fd, table.get());
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  const Header& header = *table.get().header();
  errno = header.error;
  if (header.error != 0) return Error::Errno("taking messages from a queue and putting them back");
  if (header.count != static_cast<size_t>(attributes.mq_curmsgs))
    return Error(ErrorCode::kUnsupported, "others use the queue meanwhile; end them first");
  std::vector<QueuedMessage> messages(header.count);
  for (uint32_t i = 0; i < header.count; ++i) {
    messages[i].priority = table.get().slot(i)->priority;
    messages[i].text.resize(table.get().slot(i)->size);
    std::memcpy(messages[i].text.data(), table.get().text(i), messages[i].text.size());
  }
  return messages;
}

}  // namespace tardigrade::mqueue
