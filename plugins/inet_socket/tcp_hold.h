#ifndef PLUGINS_INET_SOCKET_TCP_HOLD_H_
#define PLUGINS_INET_SOCKET_TCP_HOLD_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/inet_socket/tcp_repair.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/nf_tables.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/suspension.h"

namespace tardigrade::inet_socket {

// All names of tables in the packet filter begin so.
inline constexpr const char* kTablePrefix = "tardigrade-";

// The prefix and sixteen hexadecimal digits by chance.
Result<std::string> NewTableName();

// A connection that is kept.
struct HeldSocket {
  uint64_t inode = 0;
  ScopedFd fd;
  int reuse_address = 0;  // SO_REUSEADDR
  TcpFlow flow;
  TcpReading reading;
  std::span<const std::byte> queue;  // The send queue.
};

// The job's connections to others, whose packets are held off from its making on, with what shows
// of them in repair.
//
// A child process, the keeper, does the reading, so that no socket is ever in repair while the job
// may run: a tracer's death lets the job go, but only after all that the kernel does for an exit
// before that (kernel/exit.c, do_exit(): exit_notify() comes last), and the keeper goes on
// meanwhile.  It then stays: should the supervisor be killed, it undoes what there is, or, if the
// job was killed already, does the rest.
class TcpHold final : public Suspension {
 public:
  // `job`: one of the processes that have them.  Errors: kDenied, kUnsupported.
  static Result<std::unique_ptr<TcpHold>> Start(std::vector<HeldSocket> sockets, pid_t job,
                                                uint32_t hold_s);
  ~TcpHold() override;
  TcpHold(const TcpHold&) = delete;

  // nullptr if it is none of them.
  const HeldSocket* Find(uint64_t inode) const;
  // Of the table that lasts until the restore.
  const std::string& name() const { return name_; }

  Status PrepareForKill() override;
  void Killed() override;

 private:
  TcpHold(std::vector<HeldSocket> sockets, uint32_t hold_s, NfTables filter)
      : sockets_(std::move(sockets)), hold_s_(hold_s), filter_(std::move(filter)) {}
  Status MakeRoom();
  Status StartKeeper(pid_t job);
  Status AwaitReading(int finished);
  [[noreturn]] void Keep(int lifeline, int finished, int job);
  void ReadAll();
  void DismissKeeper();

  std::vector<HeldSocket> sockets_;
  const uint32_t hold_s_;
  NfTables filter_;
  std::string own_name_;  // Of the table that goes with this process and the keeper.
  std::string name_;
  ScopedFd lifeline_;  // The keeper acts when it is closed, if it was not told to go before.
  pid_t keeper_ = -1;
  bool leased_ = false;
  bool killed_ = false;
  // Shared with the keeper: readings, and behind them the queues.
  std::byte* shared_ = nullptr;
  size_t shared_bytes_ = 0;
};

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_HOLD_H_
