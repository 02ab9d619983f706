#ifndef PLUGINS_PTY_QUEUES_H_
#define PLUGINS_PTY_QUEUES_H_

#include "plugins/pty/pty_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::pty {

// Both ends of a pseudoterminal with N_TTY, here, both O_NONBLOCK; nobody else reads or writes
// meanwhile.  The master is not in packet mode.
struct Ends {
  int master = -1;
  int slave = -1;  // Open for reading and writing.
};

// Takes what is under way out of the terminal.  What it changes on the way besides, PutQueues() puts
// right: settings are those of neither before nor after, output runs.  `touched` (even when it
// fails): something was taken or changed, so that PutQueues() has to follow; else all is as it was.
Status TakeQueues(const Ends& ends, const TerminalSettings& settings, Queues& queues, bool& touched);

// Puts them into a terminal with empty queues whose output runs, and gives it `settings`.
Status PutQueues(const Ends& ends, const TerminalSettings& settings, const Queues& queues);

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_QUEUES_H_
