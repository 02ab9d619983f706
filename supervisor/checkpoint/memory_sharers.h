#ifndef SUPERVISOR_CHECKPOINT_MEMORY_SHARERS_H_
#define SUPERVISOR_CHECKPOINT_MEMORY_SHARERS_H_

#include <cstddef>

#include "supervisor/checkpoint/frozen_tree.h"
#include "supervisor/checkpoint/survey.h"

// What it means for a snapshot that processes may have one memory (CLONE_VM); after FindSharing().
namespace tardigrade {

// The first that has the memory of the process's parent; null if that is not surveyed.
const ProcessSurvey* ParentOfMemory(const Survey& survey, const ProcessSurvey& process);

// Tells each frozen process of those that have its memory.
void SetNeighbours(const Survey& survey, FrozenTree& frozen);

// Up to where, from `first`, processes are visited at once, as a visit is mostly waiting: so many
// threads, which bounds memory; and of one memory one process, since the next would choose the same
// hole.
size_t EndOfVisits(const Survey& survey, size_t first);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_MEMORY_SHARERS_H_
