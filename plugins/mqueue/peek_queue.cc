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
#include <span>
#include <string_view>

namespace tardigrade::mqueue {
namespace {

// Shared with the process that does it: this, a slot for each message, and one more.
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
  size_t bytes() const { return sizeof(Header) + (most_messages + 1) * slot_bytes(); }
  Header* header() const { return reinterpret_cast<Header*>(memory); }
  Slot* slot(size_t i) const {
    return reinterpret_cast<Slot*>(memory + sizeof(Header) + i * slot_bytes());
  }
  char* text(size_t i) const { return reinterpret_cast<char*>(slot(i) + 1); }
};

// What runs in the process of its own: system calls alone.
class Taker {
 public:
  Taker(int queue, const Table& table) : queue_(queue), table_(table) {}

  // All, up to `most`.
  void Take(size_t most) {
    while (count() < most && Receive(count())) ++count();
  }

  // The last one, which is alone in the queue: only another one in its place allows that.  This is
  // to go again, so it has to come before what is put back, and must not come before the last one:
  // it has the same priority, and that is found from above.
  bool TakeLast() {
    const size_t last = count();
    const unsigned highest = last == 0 ? kPriorities - 1 : table_.slot(last - 1)->priority;
    char unlikely[16];
    const bool fits = table_.message_bytes >= sizeof(unlikely) &&
                      syscall(SYS_getrandom, unlikely, sizeof(unlikely), 0) == sizeof(unlikely);
    // The one that is sent and the last one may look the same, but not twice.
    const std::string_view tried[] = {{unlikely, fits ? sizeof(unlikely) : 0},
                                      {"", fits ? 0u : 1u}};
    for (priority_ = highest + 1; priority_-- > 0;) {
      for (const std::string_view text : std::span(tried, fits ? 1 : 2)) {
        if (!Send(text.data(), text.size(), priority_) || !Receive(last)) return false;
        const Slot& got = *table_.slot(last);
        if (got.priority == priority_ && text == std::string_view(table_.text(last), got.size))
          continue;
        ++count();
        return true;
      }
    }
    table_.header()->error = EPROTO;
    return false;
  }

  void PutBack(size_t skipped) {
    for (size_t i = 0; i < count(); ++i) {
      if (i != skipped) SendSlot(i);
    }
  }

  // The first of the last one's priority, then what stood in for it is taken away, then the others.
  void PutBackForStandIn() {
    size_t first = 0;
    while (first + 1 < count() && table_.slot(first)->priority != priority_) ++first;
    SendSlot(first);
    Receive(count());
    PutBack(first);
  }

 private:
  static constexpr unsigned kPriorities = 32768;  // MQ_PRIO_MAX

  uint32_t& count() { return table_.header()->count; }
  bool Receive(size_t slot) {
    unsigned priority = 0;
    const ssize_t size = mq_receive(queue_, table_.text(slot), table_.message_bytes, &priority);
    if (size < 0 && errno != EAGAIN) table_.header()->error = errno;
    if (size < 0) return false;
    *table_.slot(slot) = {.priority = priority, .size = static_cast<uint32_t>(size)};
    return true;
  }
  bool Send(const char* text, size_t bytes, unsigned priority) {
    if (mq_send(queue_, text, bytes, priority) == 0) return true;
    table_.header()->error = errno;
    return false;
  }
  void SendSlot(size_t i) { Send(table_.text(i), table_.slot(i)->size, table_.slot(i)->priority); }

  const int queue_;
  const Table& table_;
  unsigned priority_ = 0;  // Of the last one.
};

[[noreturn]] void TakeAndPutBack(int queue, const Table& table, Peek peek, size_t present) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  Taker taker(queue, table);
  if (peek == Peek::kAll) {
    taker.Take(table.most_messages);
    taker.PutBack(SIZE_MAX);
  } else {
    taker.Take(present - 1);
    if (taker.TakeLast())
      taker.PutBackForStandIn();
    else
      taker.PutBack(SIZE_MAX);
  }
  _exit(0);
}

// The shared memory of a table.
class ScopedTable {
 public:
  explicit ScopedTable(Table table) : table_(table) {
    void* const at =
        mmap(nullptr, table.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
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

Result<std::vector<QueuedMessage>> PeekQueue(int local_fd, Peek peek) {
  mq_attr attributes = {};
  if (mq_getattr(local_fd, &attributes) != 0) return Error::Errno("mq_getattr");
  const auto present = static_cast<size_t>(attributes.mq_curmsgs);
  if (present == 0) return std::vector<QueuedMessage>();
  if (peek == Peek::kNeverEmpty && attributes.mq_maxmsg == 1)
    return Error(ErrorCode::kUnsupported, "there is no room for another message meanwhile");
  const ScopedTable table({.memory = nullptr,
                           .message_bytes = static_cast<size_t>(attributes.mq_msgsize),
                           .most_messages = static_cast<size_t>(attributes.mq_maxmsg)});
  if (table.get().memory == nullptr) return Error::Errno("memory for messages");
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child < 0) return Error::Errno("making a process");
  if (child == 0) TakeAndPutBack(local_fd, table.get(), peek, present);
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  const Header& header = *table.get().header();
  errno = header.error;
  if (header.error != 0) return Error::Errno("taking messages from a queue and putting them back");
  if (header.count != present)
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
