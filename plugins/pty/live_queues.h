#ifndef PLUGINS_PTY_LIVE_QUEUES_H_
#define PLUGINS_PTY_LIVE_QUEUES_H_

#include "plugins/pty/queues.h"

namespace tardigrade::pty {

// What is under way in a terminal whose holders are all frozen, and stays there.  The kernel lets nobody
// look at it: it is taken out and put back, by a process of its own that outlives this one, whatever
// happens to it.  `packets`: the master is in packet mode.  Terminals in which nothing can be under way
// are not touched.
Result<Queues> LookIntoQueues(const Ends& ends, const TerminalSettings& settings, bool packets);

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_LIVE_QUEUES_H_
