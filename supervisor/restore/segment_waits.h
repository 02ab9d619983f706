#ifndef SUPERVISOR_RESTORE_SEGMENT_WAITS_H_
#define SUPERVISOR_RESTORE_SEGMENT_WAITS_H_

#include "supervisor/restore/segment.h"
#include "supervisor/restore/turn.h"

namespace tardigrade {

// What tasks wait for in each other's segments, without the turn.  Should the other one fail, the
// restorer hears of it, and whoever waits, traced by now, goes with it.

// Until all threads are parked.
void AwaitThrough(Segment& segment, Turn& turn);

// Until the leader is in the segment, and has no use for other memory any more.
void AwaitEntered(Segment& segment, Turn& turn);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SEGMENT_WAITS_H_
