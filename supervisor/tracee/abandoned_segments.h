#ifndef SUPERVISOR_TRACEE_ABANDONED_SEGMENTS_H_
#define SUPERVISOR_TRACEE_ABANDONED_SEGMENTS_H_

namespace tardigrade {

// Removes the segments of supervisors of this user that were killed between making one and sending
// a thread into it.
void RemoveAbandonedSegments();

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_ABANDONED_SEGMENTS_H_
